import { expect, test } from "vitest"
import { subdomainMistake } from "../../kinds/label-syntax.ts"
import { statusName } from "./status-name.ts"

const long = (length: number, last = "") => `${"a".repeat(length - last.length)}${last}`

test("a status is named after kind and policy", () => {
  expect(statusName({ kind: "NetworkPolicy", name: "default-deny" })).toBe("networkpolicy.default-deny")
})

test.for<readonly [string, string]>([
  ["as long as a name may be", long(239)],
  ["one longer", long(240)],
  ["as long as a policy's may be", long(253)],
  ["cut behind a dot", `${long(221)}.${long(31)}`],
  ["cut behind a dash", `${long(221)}-.-${long(29)}`.slice(0, 253)],
])("it is a name that the API server takes: %s", ([, name]) => {
  expect(subdomainMistake(statusName({ kind: "NetworkPolicy", name }))).toBe(undefined)
})

test("long names that differ at their end have statuses of their own", () => {
  const names = ["x", "y"].map((last) => statusName({ kind: "NetworkPolicy", name: long(253, last) }))
  expect(new Set(names).size).toBe(2)
})
