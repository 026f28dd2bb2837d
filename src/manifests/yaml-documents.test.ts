import { expect, test } from "vitest"
import { yamlDocuments } from "./yaml-documents.ts"

test.for<readonly [string, string, readonly string[]]>([
  ["one document", "a: 1\n", ["a: 1\n"]],
  ["two", "a: 1\n---\nb: 2\n", ["a: 1\n", "---\nb: 2\n"]],
  ["a start mark at the start", "---\na: 1\n", ["---\na: 1\n"]],
  ["content behind a start mark", "--- {a: 1}\n--- b", ["--- {a: 1}\n", "--- b"]],
  ["an end mark", "a: 1\n...\nb: 2\n", ["a: 1\n", "\nb: 2\n"]],
  ["CRLF", "a: 1\r\n---\r\nb: 2", ["a: 1\r\n", "---\r\nb: 2"]],
  ["no mark: text follows it", "a: |\n  b\n---c: 1\n----\n....\n", ["a: |\n  b\n---c: 1\n----\n....\n"]],
  ["no mark: it is indented", "a: |\n  b\n  ---\n  c\n", ["a: |\n  b\n  ---\n  c\n"]],
  ["empty documents", "---\n---\n# a\n---\n  # b\n\n---\n", []],
  ["directives", "%YAML 1.2\n---\na: 1\n", ["---\na: 1\n"]],
  ["nothing", "", []],
])("%s", ([, text, expected]) => {
  expect(yamlDocuments(text).map(({ start, end }) => text.slice(start, end))).toEqual(expected)
})
