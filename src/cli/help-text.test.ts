import { expect, test } from "vitest"
import { fittedHelp } from "./help-text.ts"

test.for<[string, string, string]>([
  ["what fits stays", "One line.\nAnother one.\n", "One line.\nAnother one.\n"],
  [
    "a paragraph is wrapped as a whole",
    "Files may be a part of it,\nand more.\n\nExamples:",
    "Files may be a part\nof it, and more.\n\nExamples:",
  ],
  [
    "the meaning of a term stays in its columns",
    "  a/b   a pod of some\n        namespace\n  10.1  short",
    "  a/b   a pod of\n        some\n        namespace\n  10.1  short",
  ],
  [
    "an example is a line, however long",
    "  postern lint -f deploy/ --max-warnings 0\n  postern diff",
    "  postern lint -f deploy/ --max-warnings 0\n  postern diff",
  ],
  [
    "a heading is no part of what follows",
    "Usage: x\n\nA sentence that goes on",
    "Usage: x\n\nA sentence that goes\non",
  ],
])("%s", ([, help, expected]) => {
  expect(fittedHelp(help, 20)).toBe(expected)
})
