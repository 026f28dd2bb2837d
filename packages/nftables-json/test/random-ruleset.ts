// Rulesets at random, of the constructs that a network policy engine uses, and such that nft takes them.

import * as fc from "fast-check"
import type { Ruleset, RulesetObject, Statement, Verdict } from "../src/schema.ts"
import { ct, match, meta, payload, prefix, range } from "./evaluator-inputs.ts"
import { conntrackMatch, headerMatch, MARKS, markMatch } from "./random-match.ts"

const IN_TABLE = { family: "inet", table: "t" } as const

const missing = match({ fib: { result: "oif", flags: ["saddr", "iif"] } }, "==", false)

const effect: fc.Arbitrary<Statement> = fc.oneof(
  fc.constantFrom(...MARKS).map((value): Statement => ({ mangle: { key: ct("mark"), value } })),
  fc.constantFrom(...MARKS).map((value): Statement => ({ mangle: { key: meta("mark"), value } })),
  fc.constant<Statement>({
    mangle: { key: ct("mark"), value: { "|": [{ "&": [ct("mark"), 0x00ffffff] }, 0x02000000] } },
  }),
  fc.constant<Statement>({ mangle: { key: meta("mark"), value: ct("mark") } }),
  fc.constant<Statement>({
    mangle: {
      key: meta("mark"),
      value: {
        map: {
          key: payload("udp", "dport"),
          data: {
            set: [
              [53, 1],
              [80, 0x02000001],
            ],
          },
        },
      },
    },
  }),
  fc.constantFrom<Statement>(
    { limit: { rate: 100_000, per: "second" } },
    { limit: { rate: 100_000, per: "second", inv: true } },
  ),
  fc.constant<Statement>({ log: { group: 7, prefix: "seen" } }),
)

/** Ends a rule: a verdict, or a verdict map into the chains that may follow. */
function ending(targets: readonly string[]): fc.Arbitrary<readonly Statement[]> {
  const verdict: fc.Arbitrary<Verdict> = fc.oneof(
    fc.constantFrom<Verdict>({ accept: null }, { drop: null }, { return: null }, { continue: null }),
    ...targets.flatMap((target) => [
      fc.constant<Verdict>({ jump: { target } }),
      fc.constant<Verdict>({ goto: { target } }),
    ]),
  )
  const ports = fc.tuple(verdict, verdict, verdict).map(([a, b, c]) => ({
    set: [
      [53, a],
      [range(80, 90), b],
      [5000, c],
    ] as const,
  }))
  const byAddress = (family: "ip" | "ip6", dir: "original" | "reply", map: string): Statement => ({
    vmap: { key: ct(`${family} saddr`, dir), data: map },
  })
  return fc.oneof(
    { arbitrary: fc.constant([]), weight: 2 },
    { arbitrary: verdict.map((each): readonly Statement[] => [each]), weight: 4 },
    {
      arbitrary: ports.map((data): readonly Statement[] => [
        { vmap: { key: payload("udp", "dport"), data } },
      ]),
      weight: 1,
    },
    {
      arbitrary: fc.constantFrom<readonly Statement[]>(
        [byAddress("ip", "original", "@out4")],
        [byAddress("ip6", "original", "@out6")],
        [byAddress("ip", "reply", "@out4")],
        [match(meta("l4proto"), "==", "udp"), { vmap: { key: ct("proto-src", "reply"), data: "@ports" } }],
      ),
      weight: 2,
    },
  )
}

const count: Statement = { counter: { packets: 0, bytes: 0 } }

/** Counted when it is reached, and again when what it asks for holds. */
function rule(targets: readonly string[]): fc.Arbitrary<readonly Statement[]> {
  const conditions = fc.tuple(
    fc.option(conntrackMatch),
    fc.option(headerMatch),
    fc.option(markMatch(meta("mark")), { freq: 6 }),
  )
  return fc
    .tuple(conditions, fc.array(effect, { maxLength: 2 }), ending(targets))
    .map(([held, effects, end]) => [
      count,
      ...held.filter((each) => each !== null),
      count,
      ...effects,
      ...end,
    ])
}

const CHAINS = ["a", "b", "c", "d"] as const

/** A chain leads only to chains behind it: no loops. */
const randomRules: fc.Arbitrary<readonly RulesetObject[]> = fc
  .tuple(
    rules("early", [...CHAINS], fc.constantFrom(0, 10)),
    rules("late", [...CHAINS], fc.constantFrom(0, 10, 20)),
    ...CHAINS.map((name, i) => rules(name, CHAINS.slice(i + 1))),
  )
  .map((chains) => chains.flat())

function rules(
  name: string,
  targets: readonly string[],
  priority?: fc.Arbitrary<number>,
): fc.Arbitrary<readonly RulesetObject[]> {
  const policy = fc.constantFrom<"accept" | "drop">("accept", "accept", "drop")
  return fc
    .tuple(
      fc.array(rule(targets), { minLength: 1, maxLength: 4 }),
      priority ?? fc.constant(undefined),
      policy,
    )
    .map(([bodies, prio, chosen]): readonly RulesetObject[] => [
      {
        chain: {
          ...IN_TABLE,
          name,
          ...(prio === undefined ? {} : { type: "filter", hook: "forward", prio, policy: chosen }),
        },
      },
      ...bodies.map((expr) => ({ rule: { ...IN_TABLE, chain: name, expr } })),
    ])
}

/** Before conntrack: strays, and flows that are not to be tracked. */
const prerouting: fc.Arbitrary<readonly RulesetObject[]> = fc
  .subarray<readonly Statement[]>([
    [count, missing, count, { drop: null }],
    [count, match(payload("udp", "dport"), "==", 443), count, { notrack: null }],
    [count, match(ct("state"), "in", ["new", "established"]), count, { drop: null }],
    [count, match(meta("oifname"), "!=", "right"), count],
  ])
  .map((bodies) => [
    { chain: { ...IN_TABLE, name: "raw", type: "filter", hook: "prerouting", prio: -301, policy: "accept" } },
    ...[[match(meta("l4proto"), "==", "ipv6-icmp"), { accept: null }] as const, ...bodies].map((expr) => ({
      rule: { ...IN_TABLE, chain: "raw", expr },
    })),
  ])

const verdictTo: fc.Arbitrary<Verdict> = fc.constantFrom<Verdict>(
  { goto: { target: "d" } },
  { jump: { target: "d" } },
  { drop: null },
  { accept: null },
)

/** Base chains and chains lead into maps, so the maps lead to the last chain only, which asks no map. */
export const randomRuleset: fc.Arbitrary<Ruleset> = fc
  .tuple(randomRules, prerouting, fc.array(verdictTo, { minLength: 12, maxLength: 12 }))
  .map(([chains, raw, verdicts]) => [
    { table: { family: "inet", name: "t" } },
    ...chains.filter((object) => "chain" in object),
    ...namedSets(verdicts),
    ...raw,
    ...chains
      .filter((object) => "rule" in object)
      .filter((object) => !("rule" in object) || !asksMapInLast(object.rule.chain, object.rule.expr)),
  ])

function asksMapInLast(chain: string, expr: readonly Statement[]): boolean {
  return (
    chain === "d" && expr.some((statement) => "vmap" in statement && typeof statement.vmap.data === "string")
  )
}

function namedSets(verdicts: readonly Verdict[]): readonly RulesetObject[] {
  const out4 = ["10.1.0.1", "10.1.0.2", "10.2.0.1"].map((key, i) => [key, pick(verdicts, i)] as const)
  const out6 = ["fd01::1", "fd02::1"].map((key, i) => [key, pick(verdicts, 4 + i)] as const)
  const ports = [53, range(80, 90), range(5000, 6000)].map((key, i) => [key, pick(verdicts, 8 + i)] as const)
  const interval = { flags: ["interval"] } as const
  return [
    ...PLAIN_SETS,
    { map: { ...IN_TABLE, name: "out4", type: "ipv4_addr", map: "verdict", elem: out4 } },
    { map: { ...IN_TABLE, name: "out6", type: "ipv6_addr", map: "verdict", elem: out6 } },
    { map: { ...IN_TABLE, ...interval, name: "ports", type: "inet_service", map: "verdict", elem: ports } },
  ]
}

function pick(verdicts: readonly Verdict[], i: number): Verdict {
  return verdicts[i] ?? { drop: null }
}

const BLOCKS4 = [prefix("10.2.1.0", 24), range("10.1.0.2", "10.1.0.9")]
const NAMED4 = [{ concat: ["10.2.0.1", "udp", 53] }, { concat: ["10.2.1.7", "tcp", 80] }]
const NAMED_TYPE = ["ipv4_addr", "inet_proto", "inet_service"]

const PLAIN_SETS: readonly RulesetObject[] = [
  { set: { ...IN_TABLE, name: "hash4", type: "ipv4_addr", elem: ["10.1.0.1", "10.2.1.7"] } },
  { set: { ...IN_TABLE, name: "hash6", type: "ipv6_addr", elem: ["fd01::2", "fd02::1"] } },
  { set: { ...IN_TABLE, name: "blocks4", type: "ipv4_addr", flags: ["interval"], elem: BLOCKS4 } },
  {
    set: {
      ...IN_TABLE,
      name: "blocks6",
      type: "ipv6_addr",
      flags: ["interval"],
      elem: [prefix("fd01::", 64)],
    },
  },
  { set: { ...IN_TABLE, name: "interfaces", type: "ifname", elem: ["left"] } },
  { set: { ...IN_TABLE, name: "named4", type: NAMED_TYPE, elem: NAMED4 } },
]
