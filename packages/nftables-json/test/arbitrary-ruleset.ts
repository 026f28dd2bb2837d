// Random rulesets of one table that nft accepts: chains that lead downwards only, sets and maps of every
// kind, rules that look them up. Names come from a small pool, so that two rulesets have much in common.

import * as fc from "fast-check"
import type { Element, Expression, MapElement, Ruleset, RulesetObject, Statement } from "../src/schema.ts"
import {
  accept,
  chain,
  concat,
  counter,
  ct,
  drop,
  equals,
  field,
  forward,
  goto,
  has,
  jump,
  lookup,
  map,
  meta,
  prefix,
  range,
  rule,
  set,
  source,
  table,
} from "./commands.ts"

const CHAINS = ["c1", "c2", "c3", "c4"] as const
const BASES = ["b1", "b2"] as const

/** A set or map with its elements, and a statement that looks it up. */
interface Lookup {
  readonly object: RulesetObject
  readonly use: Statement
}

const address = fc.integer({ min: 1, max: 12 }).map((last) => `10.0.0.${last}`)
const intervals = fc.constantFrom<Expression>(
  "10.0.0.1",
  range("10.0.0.8", "10.0.0.11"),
  prefix("10.0.1.0", 24),
  range("10.0.3.5", "10.0.3.9"),
  prefix("10.1.0.0", 16),
)
const portIntervals = fc.constantFrom<Expression>(22, range(80, 90), range(91, 99), range(1000, 2000))
const verdict = fc.oneof(
  fc.constantFrom<Statement>(accept, drop),
  fc.constantFrom(...CHAINS).map(goto),
  fc.constantFrom(...CHAINS).map(jump),
)

function elementsOf<T extends Element>(key: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  return fc.uniqueArray(key, { maxLength: 5, selector: (each) => JSON.stringify(each) })
}

function pairsOf(key: fc.Arbitrary<Element>): fc.Arbitrary<readonly MapElement[]> {
  const pair = fc.tuple(
    key,
    fc.oneof(fc.constant(accept), fc.constant(drop), fc.constantFrom(...CHAINS).map(goto)),
  )
  return fc.uniqueArray(pair, { maxLength: 5, selector: ([each]) => JSON.stringify(each) })
}

function filled<T>(elem: readonly T[]): { readonly elem?: readonly T[] } {
  return elem.length === 0 ? {} : { elem }
}

const SETS: Readonly<Record<string, fc.Arbitrary<Lookup>>> = {
  hash: elementsOf(address).map((elem) => ({
    object: set("hash", filled(elem)),
    use: equals(source, "@hash"),
  })),
  // Of another type in some rulesets: the set is replaced.
  typed: fc.boolean().chain((isIpv6) =>
    elementsOf(isIpv6 ? fc.constantFrom("fd00::1", "fd00::2") : address).map((elem) => ({
      object: set("typed", { type: isIpv6 ? "ipv6_addr" : "ipv4_addr", ...filled(elem) }),
      use: equals(field(isIpv6 ? "ip6" : "ip", "saddr"), "@typed"),
    })),
  ),
  ranges: elementsOf(intervals).map((elem) => ({
    object: set("ranges", { flags: ["interval"], ...filled(elem) }),
    use: equals(source, "@ranges"),
  })),
  merged: elementsOf(intervals).map((elem) => ({
    object: set("merged", { flags: ["interval"], "auto-merge": true, ...filled(elem) }),
    use: equals(field("ip", "daddr"), "@merged"),
  })),
  pairs: elementsOf(
    fc.tuple(address, fc.constantFrom(6, 17), fc.constantFrom(80, 53)).map((parts) => concat(...parts)),
  ).map((elem) => ({
    object: set("pairs", { type: ["ipv4_addr", "inet_proto", "inet_service"], ...filled(elem) }),
    use: equals(concat(source, meta("l4proto"), field("th", "dport")), "@pairs"),
  })),
  dispatch: pairsOf(address).map((elem) => ({
    object: map("dispatch", filled(elem)),
    use: lookup(source, "@dispatch"),
  })),
  ports: pairsOf(portIntervals).map((elem) => ({
    object: map("ports", { type: "inet_service", flags: ["interval"], ...filled(elem) }),
    use: lookup(field("tcp", "dport"), "@ports"),
  })),
  named: fc.boolean().map((isCounter) => ({
    object: isCounter
      ? counter("named")
      : { limit: { family: "inet", table: "t", name: "named", rate: 5, per: "second" } },
    use: isCounter ? { counter: "named" } : { limit: "named" },
  })),
}

const anywhere = fc.constantFrom<Statement>(
  has(ct("state"), ["new", "established"]),
  equals({ "&": [ct("mark"), 0xff000000] }, 0x01000000),
  { counter: null },
)
const headers: readonly Statement[] = [
  equals(field("icmpv6", "type"), { set: [range(130, 133), 135] }),
  equals(field("tcp", "dport"), { set: [443, 80] }),
]

/**
 * Chains are entered from base chains only, so no order of names makes a loop or a ladder; one header or
 * lookup in a rule, as nft refuses protocols that contradict each other.
 */
function ruleOf(name: string, uses: readonly Statement[]): fc.Arbitrary<RulesetObject> {
  const isBase = BASES.some((each) => each === name)
  const header = fc.constantFrom(...headers, ...uses.filter((use) => isBase || !("vmap" in use)))
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const last = isBase ? verdict : fc.constantFrom<Statement>(accept, drop)
  const comment = optional(fc.constantFrom("one", "two"))
  return fc.tuple(optional(anywhere), optional(header), last, comment).map(([first, second, end, text]) => {
    // A lookup of verdicts ends what can be said in a rule.
    const isEnded = second !== undefined && "vmap" in second
    const expr = [first, second, isEnded ? undefined : end].filter((each) => each !== undefined)
    return rule(name, expr, text === undefined ? {} : { comment: text })
  })
}

function rulesOf(name: string, uses: readonly Statement[]): fc.Arbitrary<Ruleset> {
  return fc.array(ruleOf(name, uses), { maxLength: 5 })
}

const baseChain = (name: string): fc.Arbitrary<RulesetObject> =>
  fc
    .tuple(fc.constantFrom(0, 0, 5), fc.constantFrom("accept", "accept", "drop"))
    .map(([prio, policy]) => chain(name, { ...forward, prio, policy: policy === "drop" ? "drop" : "accept" }))

export const arbitraryRuleset: fc.Arbitrary<Ruleset> = fc
  .tuple(fc.subarray(Object.values(SETS)), fc.subarray([...BASES]))
  .chain(([lookups, bases]) => fc.tuple(fc.tuple(...lookups), fc.constant(bases)))
  .chain(([lookups, bases]) => {
    const uses = lookups.map(({ use }) => use)
    return fc.tuple(
      fc.constant(lookups.map(({ object }) => object)),
      fc.tuple(...bases.map(baseChain)),
      fc.tuple(...[...CHAINS, ...bases].map((name) => rulesOf(name, uses))),
    )
  })
  .map(([objects, bases, rules]) => [
    table,
    ...CHAINS.map((name) => chain(name)),
    ...bases,
    ...objects,
    ...rules.flat(),
  ])

/** Without the chains that nothing enters, so that chains come and go as well. */
export const arbitraryTrimmed: fc.Arbitrary<Ruleset> = arbitraryRuleset.map((ruleset) => {
  const text = JSON.stringify(ruleset)
  const isEntered = (name: string) => text.includes(`"target":"${name}"`)
  const isKept = (name: string) => name.startsWith("b") || isEntered(name)
  return ruleset.filter((object) => {
    if ("chain" in object) return isKept(object.chain.name)
    return "rule" in object ? isKept(object.rule.chain) : true
  })
})
