// Addresses and blocks of the evaluator: an address is a number of its family, and nothing is clever.
//
// Text is read as the API server reads it (Go's netutils.ParseIPSloppy and ParseCIDRSloppy): leading zeros
// are decimal, an IPv4-mapped IPv6 address is IPv4. Files that say so are refused before they come here.

import type { AddressFamily } from "../compile/snapshot.ts"
import type { Address } from "./judge.ts"

export interface IpAddress {
  readonly family: AddressFamily
  readonly value: bigint
}

/** First and last address of a block. */
export interface IpBlock {
  readonly family: AddressFamily
  readonly first: bigint
  readonly last: bigint
}

const BITS = { IPv4: 32, IPv6: 128 } as const
const MAPPED = 0xffffn << 32n

export function parseAddress(text: string): IpAddress | null {
  if (!text.includes(":")) {
    const value = parseIPv4(text)
    return value === null ? null : { family: "IPv4", value }
  }
  const value = parseIPv6(text)
  if (value === null) return null
  return value >> 32n === MAPPED >> 32n
    ? { family: "IPv4", value: value & 0xffffffffn }
    : { family: "IPv6", value }
}

/** Host bits are masked, as the API server's users rely on. */
export function parseBlock(text: string): IpBlock | null {
  const [address, length, ...rest] = text.split("/")
  if (address === undefined || length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length))
    return null
  const written = address.includes(":") ? "IPv6" : "IPv4"
  const raw = written === "IPv6" ? parseIPv6(address) : parseIPv4(address)
  if (raw === null || Number(length) > BITS[written]) return null
  const mapped = written === "IPv6" && Number(length) >= 96 && raw >> 32n === MAPPED >> 32n
  const family = mapped ? "IPv4" : written
  const free = BigInt(BITS[written] - Number(length))
  const value = mapped ? raw & 0xffffffffn : raw
  const first = (value >> free) << free
  return { family, first, last: first + (1n << free) - 1n }
}

/** One key for every spelling of an address. */
export function addressKey(text: string): string {
  const parsed = parseAddress(text)
  return parsed === null ? text : `${parsed.family} ${parsed.value}`
}

/** The address, or every address that it could be, lies in `block`. */
export function blockHolds(block: IpBlock, address: Address): boolean {
  return candidates(address).every(
    ({ family, first, last }) => family === block.family && block.first <= first && last <= block.last,
  )
}

/** The address, or one of those that it could be, lies in `block`. */
export function blockTouches(block: IpBlock, address: Address): boolean {
  return candidates(address).some(
    ({ family, first, last }) => family === block.family && block.first <= last && first <= block.last,
  )
}

function candidates(address: Address): readonly IpBlock[] {
  switch (address.kind) {
    case "known": {
      const known = parseAddress(address.text)
      if (known === null) throw new Error(`not an address: ${address.text}`)
      return [{ family: known.family, first: known.value, last: known.value }]
    }
    case "unknown":
      return address.within.map((text) => {
        const block = parseBlock(text)
        if (block === null) throw new Error(`not an address block: ${text}`)
        return block
      })
  }
}

function parseIPv4(text: string): bigint | null {
  const parts = text.split(".")
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,12}$/.test(part) && Number(part) <= 255))
    return null
  return parts.reduce((value, part) => value * 256n + BigInt(Number(part)), 0n)
}

function parseIPv6(text: string): bigint | null {
  const plain = dottedTailAsGroups(text)
  if (plain === null) return null
  const halves = plain.split("::")
  if (halves.length > 2) return null
  const [head = [], tail] = halves.map((half) => (half === "" ? [] : half.split(":")))
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array<string>(tail === undefined ? 0 : missing).fill("0"), ...(tail ?? [])]
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null
  return groups.reduce((value, group) => (value << 16n) + BigInt(`0x${group}`), 0n)
}

/** "::ffff:10.0.0.1" is "::ffff:a00:1". */
function dottedTailAsGroups(text: string): string | null {
  if (!text.includes(".")) return text
  const cut = text.lastIndexOf(":") + 1
  const value = parseIPv4(text.slice(cut))
  if (value === null) return null
  return `${text.slice(0, cut)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`
}
