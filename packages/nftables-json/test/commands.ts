// Commands of one table, short enough to be rows of a table.

import type {
  Chain,
  Command,
  Element,
  Expression,
  MapElement,
  NftMap,
  NftSet,
  Rule,
  RulesetObject,
  Statement,
} from "../src/schema.ts"

export const place = { family: "inet", table: "t" } as const

export const table: RulesetObject = { table: { family: "inet", name: "t" } }

export function chain(name: string, rest: Partial<Chain> = {}): RulesetObject {
  return { chain: { ...place, name, ...rest } }
}

export const forward = { type: "filter", hook: "forward", prio: 0 } as const

export function set(name: string, rest: Partial<NftSet> = {}): RulesetObject {
  return { set: { ...place, name, type: "ipv4_addr", ...rest } }
}

export function map(name: string, rest: Partial<NftMap> = {}): RulesetObject {
  return { map: { ...place, name, type: "ipv4_addr", map: "verdict", ...rest } }
}

export function elements(name: string, ...elem: (Element | MapElement)[]): RulesetObject {
  return { element: { ...place, name, elem } }
}

export function rule(chain: string, expr: readonly Statement[], rest: Partial<Rule> = {}): RulesetObject {
  return { rule: { ...place, chain, expr, ...rest } }
}

export function counter(name: string): RulesetObject {
  return { counter: { ...place, name } }
}

export function add(...objects: readonly RulesetObject[]): readonly Command[] {
  return objects.map((object) => ({ add: object }))
}

export function create(...objects: readonly RulesetObject[]): readonly Command[] {
  return objects.map((object) => ({ create: object }))
}

export function remove(...objects: readonly RulesetObject[]): readonly Command[] {
  return objects.map((object) => ({ delete: object }))
}

export function flush(...objects: readonly RulesetObject[]): readonly Command[] {
  return objects.map((object) => ({ flush: object }))
}

export function goto(target: string): { readonly goto: { readonly target: string } } {
  return { goto: { target } }
}

export function jump(target: string): { readonly jump: { readonly target: string } } {
  return { jump: { target } }
}

export const accept = { accept: null } as const
export const drop = { drop: null } as const

export function equals(left: Expression, right: Expression): Statement {
  return { match: { op: "==", left, right } }
}

export function has(left: Expression, right: Expression): Statement {
  return { match: { op: "in", left, right } }
}

export function lookup(key: Expression, data: Expression): Statement {
  return { vmap: { key, data } }
}

export function field(protocol: string, name: string): Expression {
  return { payload: { protocol, field: name } }
}

export function meta(key: string): Expression {
  return { meta: { key } }
}

export function ct(key: string, dir?: "original" | "reply"): Expression {
  return { ct: dir === undefined ? { key } : { key, dir } }
}

export function fib(result: "oif" | "type", ...flags: readonly string[]): Expression {
  return { fib: { result, flags } }
}

export function prefix(addr: Expression, len: number): Expression {
  return { prefix: { addr, len } }
}

export function range(from: Expression, to: Expression): Expression {
  return { range: [from, to] }
}

export function concat(...parts: readonly Expression[]): Expression {
  return { concat: parts }
}

export const source = field("ip", "saddr")
