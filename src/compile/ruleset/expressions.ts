// The expressions and statements of the layout, in the form in which nft lists them.

import type { Expression, MatchOperator, Statement, Verdict } from "nftables-json/schema"
import type { AddressFamily } from "../snapshot.ts"

export type PacketEnd = "source" | "destination"
/** Whose word counts: conntrack's tuple, or the packet's header where there is no tuple. */
export type Judge = "tuple" | "header"

export function match(left: Expression, right: Expression, op: MatchOperator = "=="): Statement {
  return { match: { op, left, right } }
}

export function jump(target: string): Verdict {
  return { jump: { target } }
}

export function goto(target: string): Verdict {
  return { goto: { target } }
}

export const accept: Verdict = { accept: null }
export const drop: Verdict = { drop: null }
export const returning: Verdict = { return: null }

export function conntrack(key: string, direction?: "original" | "reply"): Expression {
  return { ct: direction === undefined ? { key } : { key, dir: direction } }
}

export function meta(key: string): Expression {
  return { meta: { key } }
}

export function header(protocol: string, field: string): Expression {
  return { payload: { protocol, field } }
}

export const familyWord = { IPv4: "ip", IPv6: "ip6" } as const
export const familyDigit = { IPv4: "4", IPv6: "6" } as const
export const addressType = { IPv4: "ipv4_addr", IPv6: "ipv6_addr" } as const

/**
 * An end of the flow. The original source is the client before any SNAT; the reply's source is the server
 * after DNAT: true ends for packets of both directions. A tuple of the other family ends the rule.
 */
export function flowEnd(end: PacketEnd, judge: Judge, family: AddressFamily): Expression {
  const word = familyWord[family]
  if (judge === "header") return header(word, end === "source" ? "saddr" : "daddr")
  return conntrack(`${word} saddr`, end === "source" ? "original" : "reply")
}

export const isEstablished = match(conntrack("state"), "established", "in")
export const isRelated = match(conntrack("state"), "related", "in")
export const isInvalid = match(conntrack("state"), "invalid", "in")
export const isUntracked = match(conntrack("state"), "untracked", "in")
export const isTracked = match(conntrack("state"), "untracked", "!=")
export const isNew = match(conntrack("state"), "new", "in")
export const isOriginal = match(conntrack("direction"), "original")
export const isReply = match(conntrack("direction"), "reply")
export const isIcmp = match(meta("l4proto"), { set: ["icmp", "ipv6-icmp"] })
