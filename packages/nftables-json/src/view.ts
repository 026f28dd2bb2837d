// A packet read once into values that rules compare with: numbers for names, addresses for text.

import type { Value } from "./constant.ts"
import { toValue } from "./constant.ts"
import { dataType, readValue } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import type { Conntrack, IcmpHeader, Packet, Tuple } from "./packet.ts"

export interface View {
  readonly packet: Packet
  /** NFPROTO_IPV4, NFPROTO_IPV6, or 0 for what is neither. */
  readonly nfproto: number
  readonly l4proto: number | undefined
  readonly source: Value | undefined
  readonly destination: Value | undefined
  readonly tcpFlags: number | undefined
  readonly icmpType: number | undefined
  readonly icmpCode: number | undefined
  /** NF_CT_STATE_*_BIT. */
  readonly state: number
  /** Undefined for invalid and untracked packets: they have no entry. */
  readonly entry: Entry | undefined
}

export interface Entry {
  /** IP_CT_DIR_ORIGINAL or IP_CT_DIR_REPLY. */
  readonly direction: 0 | 1
  readonly status: number
  readonly original: TupleView
  readonly reply: TupleView
}

export interface TupleView {
  readonly source: Value
  readonly destination: Value
  readonly sourcePort: number | undefined
  readonly destinationPort: number | undefined
}

export const NFPROTO_IPV4 = 2
export const NFPROTO_IPV6 = 10
export const STATE_INVALID = 1
export const STATE_UNTRACKED = 64

/** `addresses` remembers what was read: the same few addresses come again and again. */
export function viewOf(packet: Packet, addresses: Map<string, Value>): View {
  const read = (text: string) => readAddress(text, addresses)
  const state = STATES[packet.ct?.state ?? "invalid"]
  const source = packet.source === undefined ? undefined : read(packet.source)
  const destination = packet.destination === undefined ? undefined : read(packet.destination)
  const isTracked = state !== STATE_INVALID && state !== STATE_UNTRACKED
  return {
    packet,
    nfproto: NFPROTO[packet.family],
    l4proto: packet.l4proto === undefined ? undefined : readNumber("inet_proto", packet.l4proto),
    source,
    destination,
    tcpFlags: packet.tcpFlags === undefined ? undefined : readNumber("tcp_flag", packet.tcpFlags),
    icmpType: icmpNumber(packet, "type"),
    icmpCode: icmpNumber(packet, "code"),
    state,
    entry: isTracked && packet.ct !== undefined ? readEntry(packet, packet.ct, read) : undefined,
  }
}

function readEntry(packet: Packet, ct: Conntrack, read: (text: string) => Value): Entry {
  const isReply = ct.direction === "reply"
  const own = {
    source: packet.source ?? "",
    destination: packet.destination ?? "",
    ...(packet.sourcePort === undefined ? {} : { sourcePort: packet.sourcePort }),
    ...(packet.destinationPort === undefined ? {} : { destinationPort: packet.destinationPort }),
  }
  const original =
    ct.original ?? (ct.reply !== undefined ? inverted(ct.reply) : isReply ? inverted(own) : own)
  const reply = ct.reply ?? inverted(original)
  return {
    direction: isReply ? 1 : 0,
    status: readNumber("ct_status", ct.status ?? []),
    original: readTuple(original, read),
    reply: readTuple(reply, read),
  }
}

function readTuple(tuple: Tuple, read: (text: string) => Value): TupleView {
  return {
    source: read(tuple.source),
    destination: read(tuple.destination),
    sourcePort: tuple.sourcePort,
    destinationPort: tuple.destinationPort,
  }
}

function inverted(tuple: Tuple): Tuple {
  return {
    source: tuple.destination,
    destination: tuple.source,
    ...(tuple.destinationPort === undefined ? {} : { sourcePort: tuple.destinationPort }),
    ...(tuple.sourcePort === undefined ? {} : { destinationPort: tuple.sourcePort }),
  }
}

/** IPv4 addresses are numbers, IPv6 addresses big integers: values of different families are never equal. */
function readAddress(text: string, addresses: Map<string, Value>): Value {
  const known = addresses.get(text)
  if (known !== undefined) return known
  const type = dataType(text.includes(":") ? "ipv6_addr" : "ipv4_addr")
  const number = readValue(type, text)
  if (number === undefined) throw new EvaluationError(`the packet's address ${text} is none`)
  if (addresses.size >= REMEMBERED) addresses.clear()
  const value = toValue(type, number)
  addresses.set(text, value)
  return value
}

const REMEMBERED = 100_000

function icmpNumber(packet: Packet, field: keyof IcmpHeader): number | undefined {
  const value = packet.icmp?.[field]
  if (value === undefined || typeof value === "number") return value
  return readNumber(`icmp${packet.family === "ip6" ? "v6" : ""}_${field}`, value)
}

function readNumber(type: string, value: string | number | readonly string[]): number {
  if (typeof value === "number") return value
  const number = Array.isArray(value) && value.length === 0 ? 0n : readValue(dataType(type), value)
  if (number === undefined) throw new EvaluationError(`the packet's ${JSON.stringify(value)} is no ${type}`)
  return Number(number)
}

const NFPROTO = { ip: NFPROTO_IPV4, ip6: NFPROTO_IPV6, arp: 0 } as const
const STATES = {
  invalid: STATE_INVALID,
  established: 2,
  related: 4,
  new: 8,
  untracked: STATE_UNTRACKED,
} as const
