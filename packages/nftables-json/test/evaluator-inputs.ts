// Packets and rulesets for the evaluator's tests, short enough to be rows of a table.

import type { Conntrack, Packet } from "../src/packet.ts"
import type { Chain, Expression, Match, Rule, Ruleset, RulesetObject, Statement } from "../src/schema.ts"

export const tcp: Packet = {
  hook: "forward",
  family: "ip",
  iifname: "veth1",
  oifname: "eth0",
  l4proto: "tcp",
  source: "10.0.0.1",
  destination: "10.0.0.2",
  sourcePort: 40000,
  destinationPort: 80,
  tcpFlags: ["syn"],
  pkttype: "host",
  ct: { state: "new" },
}

export const udp6: Packet = {
  ...tcp,
  family: "ip6",
  l4proto: "udp",
  source: "fd00::1",
  destination: "fd00::2",
  destinationPort: 53,
}

export const ping: Packet = {
  hook: "forward",
  family: "ip",
  iifname: "veth1",
  oifname: "eth0",
  l4proto: "icmp",
  source: "10.0.0.1",
  destination: "10.0.0.2",
  icmp: { type: "echo-request", code: 0 },
  ct: { state: "new" },
}

export const solicitation: Packet = {
  hook: "forward",
  family: "ip6",
  l4proto: 58,
  source: "fd00::1",
  destination: "ff02::1:ff00:2",
  icmp: { type: "nd-neighbor-solicit" },
  ct: { state: "untracked" },
}

export function withConntrack(packet: Packet, ct: Conntrack): Packet {
  return { ...packet, ct }
}

const IN_TABLE = { family: "inet", table: "t" } as const

export function chain(name: string, ...rules: readonly (readonly Statement[])[]): readonly RulesetObject[] {
  return [{ chain: { ...IN_TABLE, name } }, ...rules.map((expr) => ({ rule: rule(name, expr) }))]
}

export function baseChain(
  attributes: Partial<Chain> & { readonly name: string },
  ...rules: readonly (readonly Statement[])[]
): readonly RulesetObject[] {
  const base = {
    ...IN_TABLE,
    type: "filter",
    hook: "forward",
    prio: 0,
    policy: "accept",
    ...attributes,
  } as const
  return [
    { chain: base },
    ...rules.map((expr) => ({ rule: { ...rule(base.name, expr), family: base.family, table: base.table } })),
  ]
}

function rule(name: string, expr: readonly Statement[]): Rule {
  return { ...IN_TABLE, chain: name, expr }
}

/** The table, what stands in it, and one forward chain of the rules. */
export function ruleset(...objects: readonly (readonly RulesetObject[])[]): Ruleset {
  return [{ table: { family: "inet", name: "t" } }, ...objects.flat()]
}

export function match(left: Expression, op: Match["op"], right: Expression): Statement {
  return { match: { op, left, right } }
}

export function payload(protocol: string, field: string): Expression {
  return { payload: { protocol, field } }
}

export function meta(key: string): Expression {
  return { meta: { key } }
}

export function ct(key: string, dir?: "original" | "reply"): Expression {
  return { ct: dir === undefined ? { key } : { key, dir } }
}

export function concat(...parts: readonly Expression[]): Expression {
  return { concat: parts }
}

export function set(...elements: readonly Expression[]): Expression {
  return { set: elements }
}

export function prefix(addr: string | number, len: number): Expression {
  return { prefix: { addr, len } }
}

export function range(from: Expression, to: Expression): Expression {
  return { range: [from, to] }
}

export const accept: Statement = { accept: null }
export const drop: Statement = { drop: null }
export const back: Statement = { return: null }

export function jump(target: string): Statement {
  return { jump: { target } }
}

export function goto(target: string): Statement {
  return { goto: { target } }
}

export function vmap(key: Expression, ...elements: readonly (readonly [Expression, Statement])[]): Statement {
  return {
    vmap: {
      key,
      data: { set: elements.flatMap(([value, verdict]) => (isVerdict(verdict) ? [[value, verdict]] : [])) },
    },
  }
}

function isVerdict(statement: Statement): statement is { accept: null } {
  return !("vmap" in statement)
}

/** A base chain and `count` chains that lead to each other. */
export function staircase(count: number, step: (target: string) => Statement): Ruleset {
  const stairs = Array.from({ length: count }, (_, i) =>
    chain(`s${i}`, i + 1 < count ? [step(`s${i + 1}`)] : [drop]),
  )
  return ruleset(baseChain({ name: "c" }, [step("s0")]), ...stairs)
}
