// Addresses, CIDRs, and unions of address blocks as sorted, disjoint, merged ranges per family.
//
// IPv4 is computed on plain numbers, IPv6 on bigint. Inside, ranges are half-open ([from, end)), so
// that union and difference need no arithmetic; outside, bounds are inclusive canonical text.

import { holds, type Interval, merge, subtract } from "./interval.ts"
import type { AddressBlock } from "./policy-ir.ts"
import type { AddressRange, AddressRanges } from "./program.ts"
import type { AddressFamily } from "./snapshot.ts"

export type Address =
  | { readonly family: "IPv4"; readonly value: number }
  | { readonly family: "IPv6"; readonly value: bigint }

/** What the API server's sloppy parser (k8s.io/utils/net ParseCIDRSloppy) lets through and files may not have. */
export type Quirk = "leading-zeros" | "ipv4-mapped"

export interface Cidr {
  readonly family: AddressFamily
  /** Canonical, host bits masked: what every other room compares and hands on. */
  readonly text: string
  readonly length: number
  /** The address had bits beyond the prefix length (10.0.0.5/8). */
  readonly hostBits: boolean
  /** Empty for what files may say. */
  readonly quirks: readonly Quirk[]
}

/** Strict: undefined for leading zeros (010.1.1.1 is 8.1.1.1 to some readers), IPv4-mapped IPv6, and zones. */
export function parseAddress(text: string): Address | undefined {
  const read = readAddress(text)
  return read === undefined || read.quirks.length > 0 ? undefined : read.address
}

/** Strict as parseAddress; host bits are masked and reported, not refused. */
export function parseCidr(text: string): Cidr | undefined {
  const cidr = readCidr(text)
  return cidr === undefined || cidr.quirks.length > 0 ? undefined : cidr
}

/** As the API server reads it: leading zeros are decimal, an IPv4-mapped network of 96 bits or more is IPv4. */
export function readCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/")
  const read = readAddress(text.slice(0, Math.max(slash, 0)))
  const digits = text.slice(slash + 1)
  if (read === undefined || !/^[0-9]{1,9}$/.test(digits)) return undefined
  const quirks = new Set(read.quirks)
  if (digits.length > 1 && digits.startsWith("0")) quirks.add("leading-zeros")
  const written = Number(digits)
  if (written > widthOf(read.address.family)) return undefined
  const mapped = quirks.has("ipv4-mapped") && written >= 96
  const address: Address = mapped ? unmapped(read.address) : read.address
  const length = mapped ? written - 96 : written
  const first = networkAddress(address, length)
  return {
    family: address.family,
    text: `${formatAddress(first)}/${length}`,
    length,
    hostBits: first.value !== address.value,
    quirks: [...quirks],
  }
}

/** RFC 5952 text; an IPv4-mapped address has a dotted tail. */
export function formatAddress(address: Address): string {
  return address.family === "IPv4" ? formatIPv4(address.value) : formatIPv6(address.value)
}

export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text)
  return address === undefined ? undefined : formatAddress(address)
}

/** The family of a valid address, by its form alone. */
export function familyOf(address: string): AddressFamily {
  return address.includes(":") ? "IPv6" : "IPv4"
}

/** Union of blocks, each without its own excepts; another block may allow an excepted range again. */
export function unionOfBlocks(blocks: readonly AddressBlock[]): AddressRanges {
  const { v4, v6 } = intervalsOfBlocks(blocks)
  return {
    v4: v4.map(({ from, end }) => ({ from: formatIPv4(from), to: formatIPv4(end - 1) })),
    v6: v6.map(({ from, end }) => ({ from: formatIPv6(from), to: formatIPv6(end - 1n) })),
  }
}

/** The same union as numbers: merged, half-open. */
export function intervalsOfBlocks(blocks: readonly AddressBlock[]): Intervals {
  const v4: Interval<number>[] = []
  const v6: Interval<bigint>[] = []
  for (const block of blocks) {
    const within = spanOf(block.cidr)
    const except = block.except.map(spanOf)
    if (within.v4 !== undefined)
      v4.push(...subtract(within.v4, except.map((each) => each.v4).filter(isDefined)))
    if (within.v6 !== undefined)
      v6.push(...subtract(within.v6, except.map((each) => each.v6).filter(isDefined)))
  }
  return { v4: merge(v4), v6: merge(v6) }
}

/** Whether the ranges hold a valid address. */
export function contains(ranges: AddressRanges, address: string): boolean {
  const parsed = parseAddress(address)
  if (parsed === undefined) return false
  const intervals = intervalsOf(ranges)
  return parsed.family === "IPv4" ? holds(intervals.v4, parsed.value) : holds(intervals.v6, parsed.value)
}

/** The prefix length of a range that is exactly one CIDR block; undefined where it is none. */
export function prefixLengthOf(range: AddressRange): number | undefined {
  const from = strictly(range.from)
  const to = strictly(range.to)
  const width = widthOf(from.family)
  const size = BigInt(to.value) - BigInt(from.value) + 1n
  const bits = size.toString(2).length - 1
  const isBlock = size === 1n << BigInt(bits) && BigInt(from.value) % size === 0n
  return isBlock ? width - bits : undefined
}

// Reading

interface ReadAddress {
  readonly address: Address
  readonly quirks: readonly Quirk[]
}

function readAddress(text: string): ReadAddress | undefined {
  return text.includes(":") ? readIPv6(text) : readIPv4(text)
}

function readIPv4(text: string): ReadAddress | undefined {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  let value = 0
  let zeros = false
  for (const part of parts) {
    if (!/^[0-9]{1,9}$/.test(part)) return undefined
    const octet = Number(part)
    if (octet > 255) return undefined
    zeros ||= part.length > 1 && part.startsWith("0")
    value = value * 256 + octet
  }
  return { address: { family: "IPv4", value }, quirks: zeros ? ["leading-zeros"] : [] }
}

function readIPv6(text: string): ReadAddress | undefined {
  const halves = text.split("::")
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, i) => readGroups(half, i === halves.length - 1))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const behind = tail ?? { groups: [], zeros: false }
  const missing = 8 - head.groups.length - behind.groups.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head.groups, ...Array.from({ length: missing }, () => 0), ...behind.groups]
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n)
  const quirks: Quirk[] = []
  if (head.zeros || behind.zeros) quirks.push("leading-zeros")
  if (value >> 32n === 0xffffn) quirks.push("ipv4-mapped")
  return { address: { family: "IPv6", value }, quirks }
}

interface Groups {
  readonly groups: readonly number[]
  readonly zeros: boolean
}

function readGroups(text: string, last: boolean): Groups | undefined {
  if (text === "") return { groups: [], zeros: false }
  const groups: number[] = []
  let zeros = false
  const parts = text.split(":")
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes(".")) {
      const embedded = readIPv4(part)
      if (embedded === undefined) return undefined
      zeros ||= embedded.quirks.length > 0
      const value = Number(embedded.address.value)
      groups.push(Math.floor(value / 65536), value % 65536)
      continue
    }
    if (!/^0*[0-9a-fA-F]{1,4}$/.test(part)) return undefined
    zeros ||= part.length > 4
    groups.push(Number.parseInt(part, 16))
  }
  return { groups, zeros }
}

function unmapped(address: Address): Address {
  return { family: "IPv4", value: Number(BigInt(address.value) & 0xffffffffn) }
}

function networkAddress(address: Address, length: number): Address {
  if (address.family === "IPv4") {
    const size = 2 ** (32 - length)
    return { family: "IPv4", value: address.value - (address.value % size) }
  }
  const host = BigInt(128 - length)
  return { family: "IPv6", value: (address.value >> host) << host }
}

function widthOf(family: AddressFamily): number {
  return family === "IPv4" ? 32 : 128
}

function strictly(text: string): Address {
  const address = parseAddress(text)
  if (address !== undefined) return address
  // The bounds of a range may be IPv4-mapped, where an except cut the block around ::ffff:0:0/96.
  const mapped = readIPv6(text)
  if (mapped?.quirks.length === 1 && mapped.quirks[0] === "ipv4-mapped") return mapped.address
  throw new Error(`not a canonical address: ${text}`)
}

// Writing

function formatIPv4(value: number): string {
  return `${Math.floor(value / 16777216)}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn))
  const { start, length } = longestZeros(groups)
  const dotted = value >> 32n === 0xffffn
  const words = groups.map((group) => group.toString(16))
  if (dotted) words.splice(6, 2, formatIPv4(Number(value & 0xffffffffn)))
  if (length < 2) return words.join(":")
  return `${words.slice(0, start).join(":")}::${words.slice(start + length).join(":")}`
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 0 }
  let length = 0
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  }
  return best
}

// As half-open intervals

interface Spans {
  readonly v4?: Interval<number>
  readonly v6?: Interval<bigint>
}

function spanOf(cidr: string): Spans {
  const slash = cidr.indexOf("/")
  const first = strictly(cidr.slice(0, slash))
  const length = Number(cidr.slice(slash + 1))
  if (slash < 0 || !Number.isInteger(length) || length < 0 || length > widthOf(first.family)) {
    throw new Error(`not a canonical CIDR: ${cidr}`)
  }
  if (first.family === "IPv4") return { v4: { from: first.value, end: first.value + 2 ** (32 - length) } }
  return { v6: { from: first.value, end: first.value + (1n << BigInt(128 - length)) } }
}

export interface Intervals {
  readonly v4: readonly Interval<number>[]
  readonly v6: readonly Interval<bigint>[]
}

const parsedRanges = new WeakMap<AddressRanges, Intervals>()

function intervalsOf(ranges: AddressRanges): Intervals {
  const known = parsedRanges.get(ranges)
  if (known !== undefined) return known
  const bounds = (range: AddressRange): Interval<bigint> => ({
    from: BigInt(strictly(range.from).value),
    end: BigInt(strictly(range.to).value) + 1n,
  })
  const intervals: Intervals = {
    v4: ranges.v4.map(bounds).map(({ from, end }) => ({ from: Number(from), end: Number(end) })),
    v6: ranges.v6.map(bounds),
  }
  parsedRanges.set(ranges, intervals)
  return intervals
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined
}
