import { describe, expect, test } from "vitest"
import { normalize } from "../src/normalize.ts"
import { normalizeRule } from "../src/normalize-rule.ts"
import { parse } from "../src/parse.ts"
import type { Ruleset } from "../src/schema.ts"
import { accept, chain, counter, elements, forward, place, rule, set, table } from "./commands.ts"
import { DEPENDENCIES } from "./normal-dependencies.ts"
import { SETS } from "./normal-sets.ts"
import { VALUES } from "./normal-values.ts"

describe("a rule", () => {
  test.for([...VALUES, ...DEPENDENCIES])("$name", ({ written, normal, family = "inet" }) => {
    const made = normalizeRule({ ...place, family, chain: "c", expr: written })
    expect(made).toEqual({ ...place, family, chain: "c", expr: normal })
    expect(normalizeRule(made)).toEqual(made)
  })
})

describe("a set", () => {
  test.for(SETS)("$name", ({ written, normal }) => {
    expect(normalize(written)).toEqual([normal])
    expect(normalize([normal])).toEqual([normal])
  })
})

test.for<[string, Ruleset, Ruleset]>([
  [
    "metainfo and handles are dropped",
    [{ metainfo: { version: "1" } }, chain("c", { handle: 5 })],
    [chain("c")],
  ],
  [
    "comments of tables and chains too, as nft does not print them",
    [{ table: { family: "inet", name: "t", comment: "x" } }, chain("c", { comment: "x" })],
    [table, chain("c")],
  ],
  [
    "comments of rules are kept",
    [rule("c", [accept], { comment: "why", handle: 7 })],
    [rule("c", [accept], { comment: "why" })],
  ],
  [
    "a base chain accepts unless it says otherwise",
    [chain("c", forward)],
    [chain("c", { ...forward, policy: "accept" })],
  ],
  [
    "objects, sets, chains, rules, each by name",
    [rule("a", [accept]), chain("b"), chain("a"), set("z"), set("s"), counter("k"), table],
    [table, counter("k"), set("s"), set("z"), chain("a"), chain("b"), rule("a", [accept])],
  ],
  [
    "rules keep their order",
    [rule("b", [{ drop: null }]), rule("a", [{ drop: null }]), rule("a", [accept])],
    [rule("a", [{ drop: null }]), rule("a", [accept]), rule("b", [{ drop: null }])],
  ],
  [
    "what a counter has counted is no content",
    [{ counter: { ...place, name: "k", packets: 5, bytes: 6 } }],
    [counter("k")],
  ],
  ["elements go to their set", [set("s"), elements("s", "1.1.1.1")], [set("s", { elem: ["1.1.1.1"] })]],
])("%s", ([, written, normal]) => {
  expect(normalize(written)).toEqual(normal)
})

test("one flag that stands alone, as nft 1.1 prints it, is a list of one", () => {
  const text =
    '{"nftables":[{"set":{"family":"inet","table":"t","name":"n","type":"mark","flags":"interval"}}]}'
  expect(normalize(parse(text))).toEqual([set("n", { type: "mark", flags: ["interval"] })])
})
