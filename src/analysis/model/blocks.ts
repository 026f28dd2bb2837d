// Address blocks of policies, and the places of addresses among them.

import { type Address, parseAddress } from "../../compile/address-ranges.ts"
import type { AddressBlock } from "../../compile/policy-ir.ts"
import type { AddressFamily } from "../../compile/snapshot.ts"
import type { AddressPlace } from "../cluster-view.ts"

type Value = Address["value"]

/** Half-open; numbers for IPv4, bigints for IPv6. */
export interface Span {
  readonly family: AddressFamily
  readonly from: Value
  readonly end: Value
}

export interface Block {
  readonly text: string
  readonly span: Span
  readonly except: readonly Span[]
}

/** Equal for blocks that are written alike; the order of excepts is none of their meaning. */
export function blockText({ cidr, except }: AddressBlock): string {
  return except.length === 0 ? cidr : `${cidr} except ${[...new Set(except)].sort().join(",")}`
}

export function readBlock(block: AddressBlock): Block {
  return { text: blockText(block), span: spanOf(block.cidr), except: block.except.map(spanOf) }
}

/** Of a canonical CIDR. An IPv4-mapped IPv6 bound cannot be a block's: its CIDR is read as IPv4. */
export function spanOf(cidr: string): Span {
  const slash = cidr.lastIndexOf("/")
  const address = parseAddress(cidr.slice(0, slash))
  const length = Number(cidr.slice(slash + 1))
  if (address === undefined) throw new Error(`not a canonical CIDR: ${cidr}`)
  const { family, value } = address
  if (family === "IPv4") return { family, from: value, end: value + 2 ** (32 - length) }
  return { family, from: value, end: value + (1n << BigInt(128 - length)) }
}

export function holdsAddress({ span, except }: Block, address: Address): boolean {
  return isIn(span, address) && !except.some((each) => isIn(each, address))
}

/** Every address that it could be lies in the block. */
export function holdsAll({ span, except }: Block, candidates: readonly Span[]): boolean {
  return candidates.every(
    (each) =>
      each.family === span.family &&
      span.from <= each.from &&
      each.end <= span.end &&
      !except.some((hole) => hole.family === each.family && hole.from < each.end && each.from < hole.end),
  )
}

export function placeOf(family: AddressFamily, blocks: Iterable<string>): AddressPlace {
  const sorted = [...blocks].sort()
  return { key: `${family} ${sorted.join(" ")}`, family, blocks: new Set(sorted) }
}

function isIn({ family, from, end }: Span, address: Address): boolean {
  return family === address.family && from <= address.value && address.value < end
}
