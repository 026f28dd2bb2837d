import { expect, test } from "vitest"
import { labNames } from "./names.ts"

const long = "a".repeat(253)

test.for<[string, string, string]>([
  ["a pod", "web", "pst0123-pod.shop.web"],
  ["a pod made up from a template", "deployment/web", "pst0123-pod.shop.deployment_web"],
])("a network namespace is named after %s", ([, name, expected]) => {
  expect(labNames("pst0123").pod("shop", name)).toBe(expected)
})

test("names that are too long for a file are cut and stay apart", () => {
  const names = [`${long}b`, `${long}c`].map((name) => labNames("pst0123").pod("shop", name))
  expect(names.map((name) => name.length)).toStrictEqual([254, 254])
  expect(new Set(names).size).toBe(2)
})
