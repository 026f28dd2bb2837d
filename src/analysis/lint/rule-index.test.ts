// What an index leaves out covers nothing, and of many rules it leaves out nearly all.

import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { networkPolicy } from "../../../test/snapshots.ts"
import type { AddressBlock, Peers, PodExpression, Ports, Rule } from "../../compile/policy-ir.ts"
import type { Requirement } from "../../compile/selector.ts"
import { lower } from "../../kinds/registry.ts"
import type { PolicyRecord } from "../cluster-view.ts"
import { coversRule } from "./covers.ts"
import { indexRules, type PlacedRule } from "./rule-index.ts"

const object = networkPolicy("p", { podSelector: {} })
const record: PolicyRecord = { key: "p", object, ir: lower(object) }
const placedOf = (rules: readonly Rule[]): readonly PlacedRule[] =>
  rules.map((rule, index) => ({ record, rule, index }))
const ruleOf = (peers: Peers, ports: Ports): Rule => ({
  action: "Accept",
  peers,
  ports,
  origin: { policy: record.ir.policy, path: "spec" },
})

const key = fc.constantFrom("a", "b", "kubernetes.io/metadata.name")
const values = fc.uniqueArray(fc.constantFrom("x", "y", "shop"), { maxLength: 3 }).map((all) => new Set(all))
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ op: fc.constantFrom("exists", "missing"), key }),
  fc.record({ op: fc.constantFrom("in", "not-in"), key, values }),
)
const selector = fc.array(requirement, { maxLength: 2 })
const pods: fc.Arbitrary<PodExpression> = fc.record({
  namespaces: fc.oneof(
    fc.record({ kind: fc.constant("name" as const), name: fc.constantFrom("shop", "x") }),
    fc.record({ kind: fc.constant("selector" as const), selector }),
  ),
  pods: selector,
})
const block: fc.Arbitrary<AddressBlock> = fc.constantFrom(
  ...["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3/32", "0.0.0.0/0"].map((cidr) => ({
    cidr,
    except: [],
  })),
  ...["::/0", "fd00::/8", "fd00:1::/32", "fd00:1::1/128"].map((cidr) => ({ cidr, except: [] })),
  { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] },
  { cidr: "10.1.0.0/16", except: ["10.1.0.0/17", "10.1.128.0/17"] },
)
const peers: fc.Arbitrary<Peers> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Peers>({ kind: "any" }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("some" as const),
      pods: fc.array(pods, { maxLength: 2 }),
      blocks: fc.array(block, { maxLength: 2 }),
    }),
  },
)
const protocol = fc.constantFrom("TCP" as const, "UDP" as const)
const edge = fc.constantFrom(0, 1, 2, 3, 79, 80, 81, 1023, 1024, 65534, 65535)
const range = fc.record({ protocol, from: edge, to: edge }).filter(({ from, to }) => from <= to)
const ports: fc.Arbitrary<Ports> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Ports>({ kind: "any" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("some" as const),
      ranges: fc.array(range, { maxLength: 3 }),
      names: fc.array(fc.record({ protocol, name: fc.constantFrom("http", "dns") }), { maxLength: 2 }),
    }),
  },
)
const rule = fc.tuple(peers, ports).map(([of, at]) => ruleOf(of, at))

/** Either half alone, too: what one of them would leave out the other one hides. */
test.for<[string, fc.Arbitrary<Rule>]>([
  ["rules", rule],
  ["peers alone", peers.map((each) => ruleOf(each, { kind: "any" }))],
  ["ports alone", ports.map((each) => ruleOf({ kind: "any" }, each))],
])("of %s whatever covers another is found, in order", { timeout: 120_000 }, ([, rules]) => {
  let covered = 0
  fc.assert(
    fc.property(fc.array(rules, { maxLength: 12, size: "max" }), rules, (all, special) => {
      const found = indexRules(placedOf(all), () => 0, 0).mayCover(special)
      const indexes = found.map(({ index }) => index)
      expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b))
      const covering = placedOf(all).filter((each) => coversRule(each.rule, special))
      expect(covering.filter(({ index }) => !indexes.includes(index))).toEqual([])
      covered += covering.length
    }),
    { numRuns: 2000 },
  )
  expect(covered).toBeGreaterThan(200)
})

const MANY = 1000
const some = (parts: Partial<Extract<Peers, { kind: "some" }>>): Peers => ({
  kind: "some",
  pods: [],
  blocks: [],
  ...parts,
})
const labelled = (...selector: readonly Requirement[]): PodExpression => ({
  namespaces: { kind: "name", name: "shop" },
  pods: selector,
})
const is = (key: string, value: string): Requirement => ({ op: "in", key, values: new Set([value]) })
const at = (from: number, to = from): Ports => ({
  kind: "some",
  ranges: [{ protocol: "TCP", from, to }],
  names: [],
})

describe("of a thousand rules a question looks at a few", () => {
  test.for<[string, (i: number) => Rule]>([
    ["labels", (i) => ruleOf(some({ pods: [labelled(is("app", `a${i}`))] }), at(80))],
    [
      "a label behind one that all have",
      (i) => ruleOf(some({ pods: [labelled(is("tier", "web"), is("app", `a${i}`))] }), at(80)),
    ],
    [
      "blocks",
      (i) => ruleOf(some({ blocks: [{ cidr: `10.${i >> 8}.${i & 255}.0/24`, except: [] }] }), at(80)),
    ],
    [
      "IPv6 blocks",
      (i) => ruleOf(some({ blocks: [{ cidr: `fd00:${i.toString(16)}::/32`, except: [] }] }), at(80)),
    ],
    ["ports of one peer", (i) => ruleOf(some({ pods: [labelled(is("app", "a"))] }), at(1000 + i))],
    ["ports of everybody", (i) => ruleOf({ kind: "any" }, at(1000 + i))],
    ["ranges that lie next to each other", (i) => ruleOf({ kind: "any" }, at(i * 50 + 1, i * 50 + 50))],
    [
      "peers by ports",
      (i) => ruleOf(some({ pods: [labelled(is("app", `a${i % 32}`))] }), at(1000 + (i >> 5))),
    ],
  ])("%s", ([, make]) => {
    const placed = placedOf(Array.from({ length: MANY }, (_, i) => make(i)))
    const index = indexRules(placed, () => 0, 0)
    const looked = placed.reduce((sum, { rule }) => sum + index.mayCover(rule).length, 0)
    expect(looked).toBeGreaterThanOrEqual(MANY)
    expect(looked).toBeLessThanOrEqual(40 * MANY)
  })

  test("pods that rules hold today", () => {
    const placed = placedOf(
      Array.from({ length: MANY }, (_, i) => ruleOf(some({ pods: [labelled(is("app", `a${i}`))] }), at(80))),
    )
    const numbers = new Map(
      placed.map(({ rule: { peers } }, i) => [peers.kind === "any" ? [] : peers.pods, i >> 1]),
    )
    const index = indexRules(placed, (expressions) => numbers.get(expressions) ?? -1, 0)
    const [first] = numbers.keys()
    expect(index.mayHoldSame(first ?? []).map((each) => each.index)).toEqual([0, 1])
  })
})

test("the first questions are answered with all rules", () => {
  const placed = placedOf([ruleOf({ kind: "any" }, at(1)), ruleOf({ kind: "any" }, at(2))])
  const index = indexRules(placed, () => 0, 1)
  const special = ruleOf({ kind: "any" }, at(2))
  expect([index.mayCover(special).length, index.mayCover(special).length]).toEqual([2, 1])
})
