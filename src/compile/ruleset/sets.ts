// Sets that class chains look peers up in: their names, and the objects.
//
// One pod set is up to two kernel sets a family: `allow...` for Accept runs, whose new members only widen,
// and `deny...` for all other runs. Ranges are immutable interval sets and serve both.

import type { Element, NftSet } from "nftables-json/schema"
import { familyOf, prefixLengthOf } from "../address-ranges.ts"
import type { Action } from "../policy-ir.ts"
import type { AddressRange, NamedPortMember, Program, SetKey } from "../program.ts"
import type { AddressFamily, Protocol } from "../snapshot.ts"
import { addressType, familyDigit } from "./expressions.ts"
import { contentHash } from "./names.ts"

export const TABLE = { family: "inet", table: "postern" } as const

/** A set whose members change in place, as one family of one node uses it. */
export interface MemberSet {
  readonly kind: "pods" | "named"
  readonly name: string
  readonly key: SetKey
  readonly family: AddressFamily
  /** Only Accept runs name it: a new member widens. */
  readonly allows: boolean
}

export function memberSet(kind: MemberSet["kind"], key: SetKey, use: SetUse): MemberSet {
  const allows = use.action === "Accept"
  const word = `${allows ? "allow" : "deny"}${kind === "named" ? "_named" : ""}`
  return { kind, name: `${word}${familyDigit[use.family]}_${use.hash(key)}`, key, family: use.family, allows }
}

/** What a set shows, for whoever looks for its variants. */
export function memberKey(kind: MemberSet["kind"], key: SetKey): string {
  return `${kind} ${key}`
}

export interface SetUse {
  readonly action: Action
  readonly family: AddressFamily
  /** contentHash, or one that remembers. */
  readonly hash: (text: string) => string
}

/** The declaration and, read from the program, all members. */
export function memberSetObject(set: MemberSet, program: Program): NftSet {
  const elem = set.kind === "pods" ? podElements(set, program) : namedElements(set, program)
  return { ...memberSetDeclaration(set), ...(elem.length === 0 ? {} : { elem }) }
}

export function memberSetDeclaration({ kind, name, family }: MemberSet): NftSet {
  const address = addressType[family]
  return { ...TABLE, name, type: kind === "pods" ? address : [address, "inet_proto", "inet_service"] }
}

function podElements({ key, family }: MemberSet, program: Program): readonly Element[] {
  return addressesOf(family, program.addressSet(key).members()).sort()
}

function namedElements({ key, family }: MemberSet, program: Program): readonly Element[] {
  return namedPortElements(family, program.namedPortSet(key).members())
}

export function addressesOf(family: AddressFamily, addresses: Iterable<string>): string[] {
  const ofFamily: string[] = []
  for (const address of addresses) if (familyOf(address) === family) ofFamily.push(address)
  return ofFamily
}

export function namedPortElements(
  family: AddressFamily,
  members: Iterable<NamedPortMember>,
): readonly Element[] {
  const ofFamily = [...members].filter((member) => familyOf(member.address) === family)
  return ofFamily
    .map(({ address, protocol, port }) => ({ concat: [address, protocolWord[protocol], port] }))
    .sort((a, b) => (a.concat.join() < b.concat.join() ? -1 : 1))
}

export const protocolWord = { TCP: "tcp", UDP: "udp", SCTP: "sctp" } as const satisfies Record<
  Protocol,
  string
>

/** An immutable interval set; `prefix` says what it is for: "ranges" of peers, or "local" pod ranges. */
export function rangeSet(
  prefix: "ranges" | "local",
  { family, ranges }: FamilyRanges,
  hash: (text: string) => string = contentHash,
): NftSet {
  const content = ranges.map(({ from, to }) => `${from}-${to}`).join()
  return {
    ...TABLE,
    name: `${prefix}${familyDigit[family]}_${hash(content)}`,
    type: addressType[family],
    flags: ["interval"],
    elem: ranges.map(rangeElement),
  }
}

export interface FamilyRanges {
  readonly family: AddressFamily
  readonly ranges: readonly AddressRange[]
}

function rangeElement(range: AddressRange): Element {
  if (range.from === range.to) return range.from
  const len = prefixLengthOf(range)
  return len === undefined ? { range: [range.from, range.to] } : { prefix: { addr: range.from, len } }
}
