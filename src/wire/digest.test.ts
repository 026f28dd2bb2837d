// Two rulesets have one digest exactly where they do the same.

import type { Ruleset } from "nftables-json/schema"
import { expect, test } from "vitest"
import { rulesetDigest } from "./digest.ts"

const at = { family: "inet", table: "postern" } as const
const base: Ruleset = [
  { table: { family: "inet", name: "postern" } },
  { chain: { ...at, name: "stamp" } },
  { chain: { ...at, name: "drop_unknown" } },
  { set: { ...at, name: "allow4_x", type: "ipv4_addr", elem: ["10.0.0.1", "10.0.0.2"] } },
  {
    map: {
      ...at,
      name: "egress4",
      type: "ipv4_addr",
      map: "verdict",
      elem: [["10.0.0.1", { return: null }]],
    },
  },
  { rule: { ...at, chain: "stamp", expr: [{ counter: null }] } },
  { rule: { ...at, chain: "stamp", expr: [{ accept: null }] } },
  { rule: { ...at, chain: "drop_unknown", expr: [{ drop: null }] } },
]
const changed = (change: (object: Ruleset[number], i: number) => Ruleset): Ruleset => base.flatMap(change)
const rules = base.slice(5)

test.for<[string, Ruleset]>([
  [
    "the order of objects",
    base
      .toReversed()
      .filter((object) => !("rule" in object))
      .concat(rules),
  ],
  [
    "the order of chains' rules among each other",
    [...base.slice(0, 5), ...rules.slice(2), ...rules.slice(0, 2)],
  ],
  [
    "the order of elements",
    changed((object) =>
      "set" in object ? [{ set: { ...object.set, elem: ["10.0.0.2", "10.0.0.1"] } }] : [object],
    ),
  ],
  [
    "the order of fields",
    changed((object) =>
      "chain" in object
        ? [{ chain: { name: object.chain.name, table: "postern", family: "inet" } }]
        : [object],
    ),
  ],
  ["handles", changed((object) => ("rule" in object ? [{ rule: { ...object.rule, handle: 7 } }] : [object]))],
  ["what nft says of itself", [{ metainfo: { version: "1.0.6" } }, ...base]],
])("%s makes no difference", ([, same]) => {
  expect(rulesetDigest(same)).toBe(rulesetDigest(base))
})

test("an empty list of elements is none", () => {
  const set = { ...at, name: "allow4_x", type: "ipv4_addr" }
  expect(rulesetDigest([{ set: { ...set, elem: [] } }])).toBe(rulesetDigest([{ set }]))
})

test.for<[string, Ruleset]>([
  ["an object less", base.slice(0, -1)],
  [
    "rules of a chain in another order",
    [...base.slice(0, 5), ...rules.slice(0, 2).toReversed(), ...rules.slice(2)],
  ],
  [
    "another element",
    changed((object) =>
      "set" in object ? [{ set: { ...object.set, elem: ["10.0.0.1", "10.0.0.3"] } }] : [object],
    ),
  ],
  [
    "another verdict",
    changed((object) =>
      "map" in object ? [{ map: { ...object.map, elem: [["10.0.0.1", { accept: null }]] } }] : [object],
    ),
  ],
  [
    "a rule in another chain",
    changed((object, i) =>
      "rule" in object && i === 7 ? [{ rule: { ...object.rule, chain: "stamp" } }] : [object],
    ),
  ],
  [
    "a comment",
    changed((object, i) =>
      "rule" in object && i === 5 ? [{ rule: { ...object.rule, comment: "x" } }] : [object],
    ),
  ],
  ["nothing at all", []],
])("%s makes one", ([, other]) => {
  expect(rulesetDigest(other)).not.toBe(rulesetDigest(base))
})
