import { expect, test } from "vitest"
import { evaluate, prepare } from "../src/evaluate.ts"
import { EvaluationError } from "../src/evaluation-error.ts"
import type { Packet } from "../src/packet.ts"
import type { Ruleset, Statement } from "../src/schema.ts"
import {
  accept,
  back,
  baseChain,
  chain,
  drop,
  goto,
  jump,
  match,
  payload,
  prefix,
  range,
  ruleset,
  set,
  staircase,
  tcp,
  vmap,
} from "./evaluator-inputs.ts"

const next: Statement = { continue: null }
const never = match(payload("tcp", "dport"), "==", 1)
const is80 = match(payload("tcp", "dport"), "==", 80)

/** Chains passed, in order, with what each step came to. */
function way(rules: Ruleset, packet: Packet): readonly string[] {
  return evaluate(prepare(rules), packet).trace.map((step) => `${step.chain}:${step.outcome}`)
}

test.for<readonly [string, Ruleset, "accept" | "drop", readonly string[]]>([
  ["an empty ruleset accepts", [], "accept", []],
  [
    "the policy decides at the end of a base chain",
    ruleset(baseChain({ name: "c", policy: "drop" }, [never, accept])),
    "drop",
    ["c:policy drop"],
  ],
  ["a verdict ends the chain", ruleset(baseChain({ name: "c" }, [is80, drop], [accept])), "drop", ["c:drop"]],
  [
    "a rule without verdict goes on",
    ruleset(baseChain({ name: "c" }, [is80], [drop])),
    "drop",
    ["c:next", "c:drop"],
  ],
  [
    "jump comes back to the next rule",
    ruleset(baseChain({ name: "c" }, [jump("a")], [drop]), chain("a", [is80])),
    "drop",
    ["c:jump", "a:next", "c:drop"],
  ],
  [
    "goto does not come back: the base chain's policy decides",
    ruleset(baseChain({ name: "c" }, [goto("a")], [drop]), chain("a", [is80])),
    "accept",
    ["c:goto", "a:next", "c:policy accept"],
  ],
  [
    "a chain entered by goto from a jumped chain returns to the jump",
    ruleset(
      baseChain({ name: "c" }, [jump("a")], [drop]),
      chain("a", [goto("b")], [accept]),
      chain("b", [is80]),
    ),
    "drop",
    ["c:jump", "a:goto", "b:next", "c:drop"],
  ],
  [
    "return behaves like the chain's end",
    ruleset(baseChain({ name: "c" }, [jump("a")], [drop]), chain("a", [back], [accept])),
    "drop",
    ["c:jump", "a:return", "c:drop"],
  ],
  [
    "return of a chain entered by goto returns to the jump before it",
    ruleset(
      baseChain({ name: "c" }, [jump("a")], [drop]),
      chain("a", [goto("b")], [accept]),
      chain("b", [back], [accept]),
    ),
    "drop",
    ["c:jump", "a:goto", "b:return", "c:drop"],
  ],
  [
    "return in a base chain is its policy",
    ruleset(baseChain({ name: "c", policy: "drop" }, [back], [accept])),
    "drop",
    ["c:return", "c:policy drop"],
  ],
  [
    "continue goes on with the next rule",
    ruleset(baseChain({ name: "c" }, [next], [drop])),
    "drop",
    ["c:continue", "c:drop"],
  ],
  [
    "a verdict map decides",
    ruleset(baseChain({ name: "c" }, [vmap(payload("tcp", "dport"), [22, accept], [range(70, 90), drop])])),
    "drop",
    ["c:drop"],
  ],
  [
    "a miss in a verdict map ends the rule",
    ruleset(baseChain({ name: "c" }, [vmap(payload("tcp", "dport"), [22, accept])], [drop])),
    "drop",
    ["c:drop"],
  ],
  [
    "the catch-all element of a verdict map",
    ruleset(baseChain({ name: "c" }, [vmap(payload("tcp", "dport"), [22, accept], ["*", drop])])),
    "drop",
    ["c:drop"],
  ],
  [
    "a verdict map may jump",
    ruleset(
      baseChain({ name: "c" }, [vmap(payload("tcp", "dport"), [80, jump("a")])], [accept]),
      chain("a", [drop]),
    ),
    "drop",
    ["c:jump", "a:drop"],
  ],
  [
    "accept ends one base chain, the next one still judges",
    ruleset(baseChain({ name: "first" }, [accept]), baseChain({ name: "second", prio: 1 }, [drop])),
    "drop",
    ["first:accept", "second:drop"],
  ],
  [
    "drop is final",
    ruleset(baseChain({ name: "first" }, [drop]), baseChain({ name: "second", prio: 1 }, [accept])),
    "drop",
    ["first:drop"],
  ],
  [
    "base chains run by priority, not by place",
    ruleset(baseChain({ name: "late", prio: 5 }, [drop]), baseChain({ name: "early", prio: -5 }, [is80])),
    "drop",
    ["early:next", "early:policy accept", "late:drop"],
  ],
  [
    "of equal priority the chain that was added last runs first",
    ruleset(baseChain({ name: "older" }, [drop]), baseChain({ name: "newer" }, [accept])),
    "drop",
    ["newer:accept", "older:drop"],
  ],
  ["other hooks are not run", ruleset(baseChain({ name: "c", hook: "input" }, [drop])), "accept", []],
  [
    "a family's own table sees its packets",
    ruleset(baseChain({ name: "c", family: "ip" }, [drop])),
    "drop",
    ["c:drop"],
  ],
  ["and no others", ruleset(baseChain({ name: "c", family: "ip6" }, [drop])), "accept", []],
  [
    "bridge chains see bridged frames only",
    ruleset(baseChain({ name: "c", family: "bridge" }, [drop])),
    "accept",
    [],
  ],
  ["reject is a drop", ruleset(baseChain({ name: "c" }, [{ reject: null }])), "drop", ["c:drop"]],
  [
    "a packet is within its rate",
    ruleset(baseChain({ name: "c" }, [{ limit: { rate: 1, per: "second" } }, drop])),
    "drop",
    ["c:drop"],
  ],
  [
    "and never over it",
    ruleset(baseChain({ name: "c" }, [{ limit: { rate: 1, per: "second", inv: true } }, drop])),
    "accept",
    ["c:policy accept"],
  ],
  [
    "named limits",
    ruleset(
      [{ limit: { family: "inet", table: "t", name: "l", rate: 1, per: "second", inv: true } }],
      baseChain({ name: "c" }, [{ limit: "l" }, drop]),
    ),
    "accept",
    ["c:policy accept"],
  ],
])("%s", ([, rules, verdict, path]) => {
  expect(evaluate(prepare(rules), tcp).verdict).toBe(verdict)
  expect(way(rules, tcp)).toEqual(path)
})

test("a bridge's frame passes the bridge's chains", () => {
  const rules = ruleset(
    baseChain({ name: "b", family: "bridge" }, [drop]),
    baseChain({ name: "i" }, [accept]),
  )
  expect(way(rules, { ...tcp, layer: "bridge" })).toEqual(["b:drop"])
})

test("a device's chain sees what passes that device", () => {
  const rules = ruleset(baseChain({ name: "d", family: "netdev", hook: "ingress", dev: "veth1" }, [drop]))
  expect(way(rules, { ...tcp, layer: "netdev", hook: "ingress" })).toEqual(["d:drop"])
  expect(way(rules, { ...tcp, layer: "netdev", hook: "ingress", iifname: "veth2" })).toEqual([])
})

test.for<readonly [string, Statement]>([
  ["of newer nft", { xt: { type: "match", name: "comment" } }],
  ["that sends elsewhere", { queue: null }],
  ["that changes addresses", { dnat: { addr: "10.0.0.9" } }],
  ["that changes a set", { set: { op: "add", elem: payload("ip", "saddr"), set: "@s" } }],
  ["that changes a header", { mangle: { key: payload("ip", "ttl"), value: 1 } }],
])("a statement %s is an error when it is reached, and only then", ([, statement]) => {
  const reached = prepare(ruleset(baseChain({ name: "c" }, [is80, statement])))
  expect(() => evaluate(reached, tcp)).toThrow(EvaluationError)
  expect(() => evaluate(reached, tcp)).toThrow(/inet t c, rule 0/)
  const behind = prepare(ruleset(baseChain({ name: "c" }, [never, statement])))
  expect(evaluate(behind, tcp).verdict).toBe("accept")
})

function outcomeOf(run: () => string): string {
  try {
    return run()
  } catch (error) {
    return error instanceof EvaluationError ? error.message : "not an EvaluationError"
  }
}

const leadTo = (target: string) => vmap(payload("tcp", "dport"), [80, goto(target)])

test.for<readonly [string, Ruleset, RegExp]>([
  ["16 levels by jump are taken", staircase(15, jump), /^drop$/],
  ["17 levels by jump are not", staircase(16, jump), /more than 16 levels/],
  ["16 levels by goto are taken", staircase(15, goto), /^drop$/],
  ["17 levels by goto are not", staircase(16, goto), /more than 16 levels/],
  ["16 levels by verdict maps are taken", staircase(15, leadTo), /^drop$/],
  ["17 levels by verdict maps are not", staircase(16, leadTo), /more than 16 levels/],
  [
    "a loop",
    ruleset(baseChain({ name: "c" }, [jump("a")]), chain("a", [jump("b")]), chain("b", [goto("a")])),
    /leads back into itself/,
  ],
  ["a missing chain", ruleset(baseChain({ name: "c" }, [jump("a")])), /no such chain/],
])("%s", ([, rules, expected]) => {
  const run = () => evaluate(prepare(rules), tcp).verdict
  expect(outcomeOf(run)).toMatch(expected)
})

test("two values for one key of a verdict map are an error", () => {
  const rules = ruleset(
    baseChain({ name: "c" }, [vmap(payload("tcp", "dport"), [range(70, 90), accept], [range(80, 95), drop])]),
  )
  expect(() => evaluate(prepare(rules), tcp)).toThrow(/hold 80/)
})

test("overlapping blocks of a set hold the union", () => {
  const union = set(prefix("10.0.0.0", 8), prefix("10.0.0.128", 25), range("10.255.0.0", "11.0.0.9"))
  const rules = prepare(ruleset(baseChain({ name: "c" }, [match(payload("ip", "saddr"), "==", union), drop])))
  const verdict = (source: string) => evaluate(rules, { ...tcp, source }).verdict
  expect(["10.0.0.1", "10.0.1.0", "11.0.0.9"].map(verdict)).toEqual(["drop", "drop", "drop"])
  expect(["9.255.255.255", "11.0.0.10"].map(verdict)).toEqual(["accept", "accept"])
})
