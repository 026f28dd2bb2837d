import { expect, test } from "vitest"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import { excerpt, formatDiagnostics } from "./format.ts"

const at = (line: number, column: number) => ({ file: "web.yaml", line, column })
const unknownField: Diagnostic = {
  ...diagnostic("unknownField", { field: '"egres"', suggestion: ", did you mean egress?" }, [
    "spec",
    "egres",
  ]),
  position: at(7, 3),
}
const help =
  "    help: Field names are case-sensitive and have one place; an unknown one would be ignored in silence."

test("place, severity, code, field, message; the line with a caret; what to do", () => {
  expect(formatDiagnostics([unknownField], () => "  egres: []")).toBe(
    `web.yaml:7:3: error PNP0201 spec.egres: unknown field "egres", did you mean egress?
      egres: []
      ^
${help}
`,
  )
})

test("without the file at hand the line is left out", () => {
  expect(formatDiagnostics([unknownField])).toBe(
    `web.yaml:7:3: error PNP0201 spec.egres: unknown field "egres", did you mean egress?\n${help}\n`,
  )
})

test("a note asks for nothing, and what has no place has none", () => {
  expect(formatDiagnostics([diagnostic("notAManifest", { why: "it is a list" })])).toBe(
    "note PNP0120: skipped: it is a list\n",
  )
})

test.for<readonly [string, string, number, readonly string[]]>([
  ["the whole line", "abc", 2, ["    abc", "     ^"]],
  ["the end of the line", "abc", 4, ["    abc", "       ^"]],
  ["the beginning of a long line", "x".repeat(500), 1, [`    ${"x".repeat(100)}`, "    ^"]],
  [
    "the middle of a long line",
    `${"x".repeat(200)}y${"z".repeat(200)}`,
    201,
    [`    ${"x".repeat(50)}y${"z".repeat(49)}`, `    ${" ".repeat(50)}^`],
  ],
  [
    "the end of a long line",
    `${"x".repeat(200)}y`,
    201,
    [`    ${"x".repeat(99)}y`, `    ${" ".repeat(99)}^`],
  ],
  ["nothing that acts on a terminal", "a\u001b[31mb\tc", 6, ["    a [31mb c", "         ^"]],
  ["an empty line", "", 1, []],
])("%s is shown", ([, line, column, expected]) => {
  expect(excerpt(line, at(1, column))).toEqual(expected)
})
