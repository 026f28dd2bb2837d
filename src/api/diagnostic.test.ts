import * as fc from "fast-check"
import { expect, test } from "vitest"
import { type FieldPath, fieldPathText, readFieldPath } from "./diagnostic.ts"
import { shown } from "./report.ts"
import { suggestion } from "./suggestion.ts"

test.for<readonly [string, FieldPath]>([
  ["spec.ingress[0].from[1].ipBlock.cidr", ["spec", "ingress", 0, "from", 1, "ipBlock", "cidr"]],
  ['metadata.labels["app.kubernetes.io/name"]', ["metadata", "labels", "app.kubernetes.io/name"]],
  ['["a \\"b\\""]', ['a "b"']],
  ["", []],
])("%s", ([text, path]) => {
  expect(fieldPathText(path)).toBe(text)
  expect(readFieldPath(text)).toEqual(path)
})

test("a path is read back from its text", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.nat())), (path) => {
      expect(readFieldPath(fieldPathText(path))).toEqual(path)
    }),
  )
})

test.for([
  ["egres", ", did you mean egress?"],
  ["Ingress", ", did you mean ingress?"],
  ["podSelctor", ", did you mean podSelector?"],
  ["ingerss", ", did you mean ingress?"],
  ["selector", ""],
  ["", ""],
  ["x".repeat(100_000), ""],
] as const)("%s", ([written, expected]) => {
  expect(suggestion(written, ["ingress", "egress", "podSelector"])).toBe(expected)
})

test.for([
  ["a", '"a"'],
  ['a\nb"', '"a\\nb\\""'],
  ["x".repeat(100), `"${"x".repeat(76)}...`],
  [1, "1"],
  [undefined, "undefined"],
] as const)("%s is shown on one short line", ([value, expected]) => {
  expect(shown(value)).toBe(expected)
})
