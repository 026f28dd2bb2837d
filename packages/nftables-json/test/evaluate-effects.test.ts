import { expect, test } from "vitest"
import { evaluate, prepare } from "../src/evaluate.ts"
import type { Packet } from "../src/packet.ts"
import type { Expression, Ruleset, RulesetObject, Statement } from "../src/schema.ts"
import {
  baseChain,
  ct,
  drop,
  match,
  meta,
  payload,
  ping,
  ruleset,
  set,
  solicitation,
  tcp,
  udp6,
  withConntrack,
} from "./evaluator-inputs.ts"

const count: Statement = { counter: { packets: 0, bytes: 0 } }
const never = match(payload("tcp", "dport"), "==", 1)
const is80 = match(payload("tcp", "dport"), "==", 80)

function mark(value: number): Statement {
  return { mangle: { key: meta("mark"), value } }
}

const stamp: Statement = {
  mangle: { key: ct("mark"), value: { "|": [{ "&": [ct("mark"), 0x00ffffff] }, 0x07000000] } },
}

test.for<readonly [string, readonly Statement[], Packet, { readonly mark: number; readonly ctMark: number }]>(
  [
    ["meta mark", [mark(5)], tcp, { mark: 5, ctMark: 0 }],
    [
      "ct mark keeps the other bits",
      [stamp],
      withConntrack(tcp, { state: "new", mark: 0x11 }),
      { mark: 0, ctMark: 0x07000011 },
    ],
    [
      "ct mark replaces the generation",
      [stamp],
      withConntrack(tcp, { state: "established", mark: 0xff000011 }),
      { mark: 0, ctMark: 0x07000011 },
    ],
    [
      "what a rule sets the next statement sees",
      [mark(5), match(meta("mark"), "==", 5), mark(6)],
      tcp,
      { mark: 6, ctMark: 0 },
    ],
    [
      "from one mark to the other",
      [{ mangle: { key: meta("mark"), value: ct("mark") } }],
      withConntrack(tcp, { state: "new", mark: 9 }),
      { mark: 9, ctMark: 9 },
    ],
    [
      "a constant set without an entry is lost, the rule goes on",
      [{ mangle: { key: ct("mark"), value: 3 } }, mark(1)],
      solicitation,
      { mark: 1, ctMark: 0 },
    ],
    ["a mark that cannot be loaded ends the rule", [stamp, mark(1)], solicitation, { mark: 0, ctMark: 0 }],
    [
      "a value from a map",
      [
        {
          mangle: {
            key: meta("mark"),
            value: {
              map: {
                key: payload("tcp", "dport"),
                data: {
                  set: [
                    [80, 8],
                    [81, 9],
                  ],
                },
              },
            },
          },
        },
      ],
      tcp,
      { mark: 8, ctMark: 0 },
    ],
    [
      "a miss in a map ends the rule",
      [
        {
          mangle: {
            key: meta("mark"),
            value: { map: { key: payload("tcp", "dport"), data: { set: [[81, 9]] } } },
          },
        },
        mark(1),
      ],
      tcp,
      { mark: 0, ctMark: 0 },
    ],
    [
      "a value from a named map",
      [{ mangle: { key: meta("mark"), value: { map: { key: payload("tcp", "dport"), data: "@marks" } } } }],
      tcp,
      { mark: 12, ctMark: 0 },
    ],
  ],
)("marks: %s", ([, statements, packet, expected]) => {
  const marks: readonly RulesetObject[] = [
    {
      map: { family: "inet", table: "t", name: "marks", type: "inet_service", map: "mark", elem: [[80, 12]] },
    },
  ]
  const { mark, ctMark } = evaluate(prepare(ruleset(marks, baseChain({ name: "c" }, statements))), packet)
  expect({ mark, ctMark }).toEqual(expected)
})

test("statements before a mismatch have taken place", () => {
  const rules = ruleset(
    baseChain(
      { name: "c" },
      [count, { log: { prefix: "seen ", group: 3 } }, never, drop],
      [{ counter: "total" }],
    ),
  )
  const { counters, log, verdict } = evaluate(prepare(rules), tcp)
  expect(verdict).toBe("accept")
  expect(counters).toEqual([
    { table: "t", chain: "c", rule: 0, statement: 0, name: undefined },
    { table: "t", chain: "c", rule: 1, statement: 0, name: "total" },
  ])
  expect(log).toEqual([{ prefix: "seen ", group: 3, level: undefined, chain: "c" }])
})

test("conntrack's hooks run at priority -200: earlier chains see no entry", () => {
  const isNew = match(ct("state"), "in", "new")
  const early = (prio: number) => ruleset(baseChain({ name: "c", hook: "prerouting", prio }, [isNew, drop]))
  const packet: Packet = { ...tcp, hook: "prerouting" }
  expect(evaluate(prepare(early(-301)), packet).verdict).toBe("accept")
  expect(evaluate(prepare(early(-150)), packet).verdict).toBe("drop")
  expect(evaluate(prepare(early(-301)), { ...packet, iifname: "lo" }).verdict).toBe("drop")
})

test("notrack before conntrack makes later chains see untracked", () => {
  const rules = ruleset(
    baseChain({ name: "raw", hook: "prerouting", prio: -300 }, [{ notrack: null }]),
    baseChain({ name: "c", hook: "prerouting", prio: 0 }, [match(ct("state"), "in", "untracked"), drop]),
  )
  const result = evaluate(prepare(rules), { ...tcp, hook: "prerouting" })
  expect(result.verdict).toBe("drop")
  expect(result.isUntracked).toBe(true)
})

test("a trace names table, chain, rule, deciding statement and lookup", () => {
  const rules: Ruleset = [
    {
      map: {
        family: "inet",
        table: "t",
        name: "out",
        type: "ipv4_addr",
        map: "verdict",
        elem: [["10.0.0.1", { goto: { target: "a" } }]],
      },
    },
    ...baseChain(
      { name: "c" },
      [never, drop],
      [is80, { vmap: { key: payload("ip", "saddr"), data: "@out" } }],
    ),
    { chain: { family: "inet", table: "t", name: "a" } },
    { rule: { family: "inet", table: "t", chain: "a", handle: 42, comment: "why", expr: [drop] } },
  ]
  const prepared = prepare(rules)
  const place = { family: "inet", table: "t" } as const
  const lookup = { set: "@out", key: "10.0.0.1" }
  const matched = [
    { ...place, chain: "c", rule: { index: 1, statement: 1 }, outcome: "goto", target: "a", lookup },
    { ...place, chain: "a", rule: { index: 0, handle: 42, comment: "why", statement: 0 }, outcome: "drop" },
  ]
  expect(evaluate(prepared, tcp).trace).toEqual(matched)
  expect(evaluate(prepared, tcp, { trace: "none" }).trace).toEqual([])
  expect(evaluate(prepared, tcp, { trace: "all" }).trace).toEqual([
    { ...place, chain: "c", rule: { index: 0, statement: 0 }, outcome: "no-match" },
    ...matched,
  ])
})

test.for<readonly [string, Expression, Packet, string]>([
  ["IPv6", payload("ip6", "saddr"), udp6, "fd00::1"],
  [
    "a concatenation",
    { concat: [payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")] },
    tcp,
    "10.0.0.2 . tcp . 80",
  ],
  ["states", ct("state"), tcp, "new"],
  ["a type by its name", payload("icmp", "type"), ping, "echo-request"],
])("a lookup's key is written as nft would: %s", ([, key, packet, expected]) => {
  const types = { concat: ["1.1.1.1", "udp", 1] } as const
  const elements = typeof key === "object" && "concat" in key ? set(types) : set()
  const rules = ruleset(baseChain({ name: "c" }, [match(key, "!=", elements)]))
  expect(evaluate(prepare(rules), packet).trace[0]?.lookup?.key).toBe(expected)
})
