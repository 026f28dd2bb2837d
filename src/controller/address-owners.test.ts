// Whose connections an agent that comes back must forget.

import { expect, test } from "vitest"
import { pod } from "../../test/snapshots.ts"
import { createAddressOwners } from "./address-owners.ts"

const ADDRESS = "10.0.1.2"
const at = (second: number, millisecond = 0): string => {
  return new Date(Date.UTC(2026, 0, 1, 12, 0, second, millisecond)).toISOString()
}
const owner = (uid: string, second: number) => {
  const value = { ...pod("shop/web", { addresses: [ADDRESS] }), uid, networkSince: at(second) }
  return { kind: "pod", op: "set", value } as const
}

test.for<
  [string, { readonly since: number; readonly told: "time" | "all"; readonly until: number }, boolean]
>([
  ["an owner from long before is no news", { since: 10, told: "time", until: 30 }, false],
  ["an owner from after it is news", { since: 30, told: "time", until: 10 }, true],
  ["an owner from shortly before may be news: clocks differ", { since: 10, told: "time", until: 11 }, true],
  ["an owner that was told of is no news, however new", { since: 10, told: "all", until: 11 }, false],
  ["nor is one whose clock is ahead", { since: 12, told: "all", until: 11 }, false],
])("%s", ([, { since, told, until }, expected]) => {
  const owners = createAddressOwners()
  owners.follow([owner("a", since)])
  const asOf = told === "all" ? owners.asOf(at(until)) : at(until)
  expect(owners.changedSince(asOf, [ADDRESS])).toStrictEqual(expected ? [ADDRESS] : [])
})

test("another pod with the address is news although its forerunner was told of", () => {
  const owners = createAddressOwners()
  owners.follow([owner("a", 10)])
  const asOf = owners.asOf(at(11))
  owners.follow([owner("b", 11)])
  expect(owners.changedSince(asOf, [ADDRESS])).toStrictEqual([ADDRESS])
})

test("only pods are named that the time alone does not tell of, and never more than a hundred", () => {
  const owners = createAddressOwners()
  owners.follow([owner("a", 10)])
  expect(owners.asOf(at(11)).split(" ")).toStrictEqual([at(11), `${ADDRESS}=a`])
  expect(owners.asOf(at(20))).toBe(at(20))
  const many = Array.from({ length: 300 }, (_, i) => {
    const value = {
      ...pod(`shop/p${i}`, { addresses: [`10.1.${i >> 8}.${i & 255}`] }),
      uid: `u${i}`,
      networkSince: at(20),
    }
    return { kind: "pod", op: "set", value } as const
  })
  owners.follow(many)
  expect(owners.asOf(at(21)).split(" ")).toHaveLength(101)
})
