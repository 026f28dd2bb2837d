// Equal values are kept once, as far as they are short.

import { expect, test } from "vitest"
import { sharing } from "./shared.ts"

test.for<[string, number, boolean]>([
  ["labels of a workload's pods are one value", 10, true],
  ["annotations of many kilobytes are not kept", 10_000, false],
])("%s", ([, length, isOne]) => {
  const share = sharing<object>()
  const text = "a".repeat(length)
  expect(share({ text }) === share({ text })).toBe(isOne)
})
