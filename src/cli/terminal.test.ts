import { expect, test } from "vitest"
import type { Diagnostic } from "../api/diagnostic.ts"
import type { Outcome } from "./outcome.ts"
import { palette } from "./palette.ts"
import { printOutcome } from "./terminal.ts"

const finding: Diagnostic = {
  code: "PNP0101",
  severity: "error",
  message: 'there is no "a directory with a name that is long"',
  position: { file: "a.yaml", line: 1, column: 61 },
}
const source = `${"- ".repeat(30)}here${" -".repeat(30)}`
const outcome: Outcome = {
  status: 2,
  output: "  a line of words that is longer than forty columns are\n",
  diagnostics: [finding],
  sourceLine: () => source,
}

/** What both streams are given, where they are terminals of so many columns; undefined for pipes. */
function printed(columns: number | undefined, isProse: boolean) {
  const written = { output: "", errors: "" }
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text
    },
    ...(columns === undefined ? {} : { isTTY: true, columns }),
  })
  printOutcome(
    { ...outcome, isProse },
    { output: stream("output"), errors: stream("errors"), errorPalette: palette(false) },
  )
  return written
}

const whole = outcome.output
const broken = "  a line of words that is longer than\n    forty columns are\n"

test.for<[string, number | undefined, boolean, string]>([
  ["lines for people are broken at spaces, and go on further in", 40, true, broken],
  ["a terminal that is wide enough has them whole", 80, true, whole],
  ["a pipe has them whole, so that they are found", undefined, true, whole],
  ["a terminal that does not tell its size has them whole", 0, true, whole],
  ["what is for programs is never touched", 40, false, whole],
  ["in a terminal for nobody text is no column of words", 5, true, broken],
])("%s", ([, columns, isProse, expected]) => {
  expect(printed(columns, isProse).output).toBe(expected)
})

test("of a line that is pointed at, a terminal shows what has room, and the caret stays below its place", () => {
  const { errors } = printed(40, false)
  const lines = errors.split("\n")
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
  const caret = lines.findIndex((line) => line.trim() === "^")
  expect(lines[caret - 1]?.slice(lines[caret]?.indexOf("^"))).toMatch(/^here -/)
  expect(printed(undefined, false).errors.split("\n")[0]).toBe(
    'a.yaml:1:61: error PNP0101: there is no "a directory with a name that is long"',
  )
})
