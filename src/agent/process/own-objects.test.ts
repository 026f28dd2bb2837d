// What an agent takes from a controller, whoever speaks for it.

import { describe, expect, test } from "vitest"
import { readMessage } from "./read-message.ts"

const own = { family: "inet", table: "postern" }
const whole = (...ruleset: readonly unknown[]): string =>
  JSON.stringify({ kind: "ruleset", revision: 1, digest: "", asOf: "", ruleset })
const step = (...flip: readonly unknown[]): string =>
  JSON.stringify({
    kind: "update",
    from: 1,
    revision: 2,
    plan: { add: [], flip, remove: [] },
    forget: [],
    narrows: true,
    asOf: "",
  })

describe("a controller writes the agent's own table", () => {
  const chain = { chain: { ...own, name: "forward" } }
  test.for<[string, string]>([
    ["whole", whole({ table: { family: "inet", name: "postern" } }, chain)],
    ["its rules", whole({ rule: { ...own, chain: "forward", expr: [{ accept: null }] } })],
    ["its sets and maps", whole({ set: { ...own, name: "s" } }, { map: { ...own, name: "egress4" } })],
    ["its elements", step({ add: { element: { ...own, name: "s", elem: ["10.0.0.1"] } } })],
    ["its chains anew", step({ flush: chain }, { delete: chain })],
  ])("%s", ([, line]) => expect(readMessage(line)).toMatchObject({ revision: expect.any(Number) }))
})

describe("a controller does not write", () => {
  const other = { family: "ip", table: "nat" }
  test.for<[string, string]>([
    ["another table", whole({ table: { family: "inet", name: "filter" } })],
    ["our name in another family", whole({ table: { family: "ip", name: "postern" } })],
    [
      "the table of bridges, which is the agent's own",
      whole({ table: { family: "bridge", name: "postern" } }),
    ],
    ["rules of another table", whole({ rule: { ...other, chain: "postrouting", expr: [] } })],
    ["what is no part of our rulesets", whole({ flowtable: { ...own, name: "f" } })],
    ["two objects in one", whole({ chain: { ...own, name: "c" }, table: { family: "ip", name: "nat" } })],
    ["no object", whole(null)],
    ["elements of another table", step({ add: { element: { ...other, name: "s", elem: ["10.0.0.1"] } } })],
    ["the end of everything", step({ flush: { ruleset: null } })],
    ["the end of our table", step({ delete: { table: { family: "inet", name: "postern" } } })],
    ["an empty table", step({ flush: { table: { family: "inet", name: "postern" } } })],
    ["a command that no plan has", step({ rename: { chain: { ...own, name: "a", newname: "b" } } })],
    ["two commands in one", step({ add: { chain: { ...own, name: "c" } }, flush: { ruleset: null } })],
  ])("%s", ([, line]) => expect(() => readMessage(line)).toThrow(/none of the agent's/))
})
