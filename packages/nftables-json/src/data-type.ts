// nft's data types: how the values of a type read as numbers, and how nft prints them.
//
// nft prints names where its own tables have one, ports always as numbers, and values with a
// common prefix as such for addresses and marks only (datatype.c, DTYPE_F_PREFIX).

import { canonicalEther, canonicalIpv6, readIpv4, readIpv6, writeIpv4, writeIpv6 } from "./address.ts"
import { isList } from "./expression.ts"
import type { Expression } from "./schema.ts"
import { type Symbols, symbolsOf } from "./symbols.ts"

export interface DataType {
  readonly name: string
  readonly form: "ipv4" | "ipv6" | "ether" | "integer" | "bitmask" | "text"
  readonly bits: number
  /** Aligned intervals are printed as address and length. */
  readonly hasPrefixes: boolean
  readonly symbols: Symbols | undefined
}

/** Types this package does not know are text: compared as they are. */
export function dataType(name: string): DataType {
  return TYPES.get(name) ?? { name, form: "text", bits: 0, hasPrefixes: false, symbols: undefined }
}

/** The number behind a single value; undefined where it has none or is not understood. */
export function readValue(type: DataType, value: Expression): bigint | undefined {
  switch (type.form) {
    case "ipv4":
      return typeof value === "string" ? readIpv4(value) : undefined
    case "ipv6":
      return typeof value === "string" ? readIpv6(value) : undefined
    case "integer":
      return readInteger(type, value)
    case "bitmask":
      return readBits(type, value)
    case "ether":
    case "text":
      return undefined
  }
}

/** As nft prints the number. */
export function writeValue(type: DataType, value: bigint): Expression {
  switch (type.form) {
    case "ipv4":
      return writeIpv4(value)
    case "ipv6":
      return writeIpv6(value)
    case "bitmask":
      return writeBits(type, value)
    case "integer":
    case "ether":
    case "text":
      return (
        (type.name === "inet_service" ? undefined : type.symbols?.names.get(Number(value))) ?? Number(value)
      )
  }
}

/** One value as nft prints it; what is not understood is kept. */
export function canonicalValue(type: DataType, value: Expression): Expression {
  if (type.form === "ipv4" && typeof value === "string" && CANONICAL_IPV4.test(value)) return value
  if (type.form === "ipv6" && typeof value === "string") return canonicalIpv6(value) ?? value
  if (type.form === "ether" && typeof value === "string") return canonicalEther(value) ?? value
  const number = readValue(type, value)
  return number === undefined ? value : writeValue(type, number)
}

const CANONICAL_IPV4 = /^(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/

function readInteger(type: DataType, value: Expression): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  if (typeof value !== "string") return undefined
  // nft 1.0.6 prints ports of `ct proto-src` in an anonymous set as "0x50 [invalid type]".
  const digits = /^(0x[0-9a-fA-F]+|\d+)(?: \[invalid type\])?$/.exec(value)?.[1]
  if (digits !== undefined) return BigInt(digits)
  const number = type.symbols?.numbers.get(value)
  return number === undefined ? undefined : BigInt(number)
}

/** A name, a number, a list of names, or names joined by "|". */
function readBits(type: DataType, value: Expression): bigint | undefined {
  if (typeof value === "string" || typeof value === "number") return readInteger(type, value)
  const parts = bitParts(value)
  let bits = 0n
  for (const part of parts ?? []) {
    const bit = readBits(type, part)
    if (bit === undefined) return undefined
    bits |= bit
  }
  return parts === undefined ? undefined : bits
}

function bitParts(value: Expression): readonly Expression[] | undefined {
  if (isList(value)) return value
  return typeof value === "object" && "|" in value ? value["|"] : undefined
}

/** Names in ascending order of their bits; one name stands alone. */
function writeBits(type: DataType, value: bigint): Expression {
  const names: string[] = []
  let rest = value
  for (const [bit, name] of type.symbols?.names ?? []) {
    if ((value & BigInt(bit)) === 0n) continue
    names.push(name)
    rest &= ~BigInt(bit)
  }
  const [first] = names
  if (rest !== 0n || first === undefined) return Number(value)
  return names.length === 1 ? first : names
}

const TYPES: ReadonlyMap<string, DataType> = new Map(
  [
    ...row("ipv4", 32, "ipv4_addr"),
    ...row("ipv6", 128, "ipv6_addr"),
    ...row("ether", 48, "ether_addr"),
    ...row("integer", 8, "inet_proto nf_proto icmp_type icmp_code icmpv6_type icmpv6_code icmpx_code"),
    ...row("integer", 8, "igmp_type pkt_type ct_dir dscp"),
    ...row("integer", 16, "inet_service ether_type arp_op"),
    ...row("integer", 32, "mark fib_addrtype iface_index integer"),
    ...row("bitmask", 32, "ct_state ct_status"),
    ...row("bitmask", 8, "tcp_flag"),
  ].map((type) => [type.name, type]),
)

function row(form: DataType["form"], bits: number, names: string): readonly DataType[] {
  return names.split(" ").map((name) => {
    const hasPrefixes = ["ipv4_addr", "ipv6_addr", "mark"].includes(name)
    return { name, form, bits, hasPrefixes, symbols: symbolsOf(name) }
  })
}
