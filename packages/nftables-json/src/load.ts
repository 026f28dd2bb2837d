// What single expressions read from a packet: headers, meta data, conntrack.
//
// A load that yields undefined ends its rule, as NFT_BREAK does in the kernel: a header of another
// protocol, a conntrack entry that is not there. (Linux 6.18, net/netfilter/nft_payload.c, nft_meta.c, nft_ct.c.)

import { readConstant, type Value } from "./constant.ts"
import { dataType } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import type { Ct, Payload } from "./schema.ts"
import { entryOf, type State, stateBits } from "./state.ts"
import { NFPROTO_IPV4, NFPROTO_IPV6, type TupleView } from "./view.ts"

export type Load = (state: State) => Value | undefined

export function loadPayload(payload: Payload): Load {
  if (!("protocol" in payload))
    return loadField(`@${payload.base},${payload.offset},${payload.len}`, () => true)
  const { protocol, field } = payload
  const holds = HEADERS.get(protocol)
  if (holds === undefined) throw new EvaluationError(`unknown protocol ${protocol}`)
  const known = KNOWN_FIELDS.get(field === "sport" || field === "dport" ? field : `${protocol} ${field}`)
  if (known === undefined) return loadField(`${protocol} ${field}`, holds)
  return (state) => (holds(state) ? known(state) : undefined)
}

export function loadMeta(key: string): Load {
  const load = META.get(key)
  if (load === undefined) throw new EvaluationError(`cannot evaluate meta ${key}`)
  return load
}

export function loadConntrack(key: string, dir: Ct["dir"]): Load {
  const simple = CONNTRACK.get(key)
  if (simple !== undefined) return simple
  const inTuple = TUPLE.get(key)
  if (inTuple === undefined || dir === undefined) {
    throw new EvaluationError(`cannot evaluate ct ${dir ?? ""} ${key}`)
  }
  return (state) => {
    const entry = entryOf(state)
    return entry === undefined ? undefined : inTuple(entry[dir], state)
  }
}

type Holds = (state: State) => boolean

const isIpv4: Holds = (state) => state.view.nfproto === NFPROTO_IPV4
const isIpv6: Holds = (state) => state.view.nfproto === NFPROTO_IPV6
const hasTransport: Holds = (state) =>
  state.view.l4proto !== undefined && state.view.packet.isLaterFragment !== true

function carries(protocol: number): Holds {
  return (state) => state.view.l4proto === protocol && hasTransport(state)
}

// nft writes a test for the header before each load; icmp and icmpv6 imply the IP family as well.
const HEADERS: ReadonlyMap<string, Holds> = new Map<string, Holds>([
  ["ether", () => true],
  ["vlan", () => true],
  ["arp", (state) => state.view.packet.family === "arp"],
  ["ip", isIpv4],
  ["ip6", isIpv6],
  ["icmp", (state) => isIpv4(state) && state.view.l4proto === 1 && hasTransport(state)],
  ["icmpv6", (state) => isIpv6(state) && state.view.l4proto === 58 && hasTransport(state)],
  ["igmp", carries(2)],
  ["tcp", carries(6)],
  ["udp", carries(17)],
  ["dccp", carries(33)],
  ["esp", carries(50)],
  ["ah", carries(51)],
  ["comp", carries(108)],
  ["sctp", carries(132)],
  ["udplite", carries(136)],
  ["th", hasTransport],
])

const PORT_PROTOCOLS: ReadonlySet<number | undefined> = new Set([6, 17, 33, 132, 136])

const KNOWN_FIELDS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["ip saddr", (state) => state.view.source],
  ["ip daddr", (state) => state.view.destination],
  ["ip6 saddr", (state) => state.view.source],
  ["ip6 daddr", (state) => state.view.destination],
  ["ip protocol", (state) => state.view.l4proto],
  ["sport", (state) => port(state, "sourcePort")],
  ["dport", (state) => port(state, "destinationPort")],
  ["tcp flags", (state) => said(state.view.tcpFlags, "TCP flags")],
  ["icmp type", (state) => said(state.view.icmpType, "ICMP type")],
  ["icmp code", (state) => said(state.view.icmpCode, "ICMP code")],
  ["icmpv6 type", (state) => said(state.view.icmpType, "ICMP type")],
  ["icmpv6 code", (state) => said(state.view.icmpCode, "ICMP code")],
])

/**
 * Of a protocol without ports `th dport` reads other bytes, such as ICMP's checksum. They are no port that a
 * rule could mean: NaN equals nothing and lies in no range.
 */
function port(state: State, end: "sourcePort" | "destinationPort"): Value {
  if (!PORT_PROTOCOLS.has(state.view.l4proto)) return Number.NaN
  return said(state.view.packet[end], end)
}

function said<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new EvaluationError(`the packet does not say its ${what}`)
  return value
}

function loadField(name: string, holds: Holds): Load {
  return (state) => {
    if (!holds(state)) return undefined
    const value = said(state.view.packet.fields?.[name], name)
    return typeof value === "number" ? value : textField(name, value)
  }
}

function textField(name: string, value: string): Value {
  const type = FIELD_TYPES.get(name)
  return type === undefined ? value : readConstant(dataType(type), value)
}

const FIELD_TYPES: ReadonlyMap<string, string> = new Map([
  ["ether saddr", "ether_addr"],
  ["ether daddr", "ether_addr"],
  ["ether type", "ether_type"],
  ["vlan type", "ether_type"],
  ["arp operation", "arp_op"],
  ["arp saddr ether", "ether_addr"],
  ["arp daddr ether", "ether_addr"],
  ["arp saddr ip", "ipv4_addr"],
  ["arp daddr ip", "ipv4_addr"],
  ["ip dscp", "dscp"],
  ["ip6 dscp", "dscp"],
  ["ip6 nexthdr", "inet_proto"],
])

const ETHER_TYPES = { ip: 0x0800, ip6: 0x86dd, arp: 0x0806 } as const
const PACKET_TYPES = { host: 0, broadcast: 1, multicast: 2, other: 3 } as const

// Where the hook has no such interface the kernel stores an empty name, and the rule goes on.
const META: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["l4proto", (state) => state.view.l4proto],
  ["nfproto", (state) => (state.view.packet.layer === "bridge" ? NFPROTO_BRIDGE : state.view.nfproto)],
  ["protocol", (state) => ETHER_TYPES[state.view.packet.family]],
  ["mark", (state) => state.mark],
  ["pkttype", (state) => PACKET_TYPES[said(state.view.packet.pkttype, "packet type")]],
  ["iif", (state) => state.view.packet.iifname ?? ""],
  ["oif", (state) => state.view.packet.oifname ?? ""],
  ["iifname", (state) => state.view.packet.iifname ?? ""],
  ["oifname", (state) => state.view.packet.oifname ?? ""],
  ["ibrname", loadField("meta ibrname", () => true)],
  ["obrname", loadField("meta obrname", () => true)],
  ["length", loadField("meta length", () => true)],
  ["skuid", loadField("meta skuid", () => true)],
  ["skgid", loadField("meta skgid", () => true)],
  ["priority", loadField("meta priority", () => true)],
])

const NFPROTO_BRIDGE = 7

const CONNTRACK: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["state", stateBits],
  ["direction", (state) => entryOf(state)?.direction],
  ["status", (state) => entryOf(state)?.status],
  ["mark", (state) => (entryOf(state) === undefined ? undefined : state.ctMark)],
])

// A tuple of the other family ends the rule: NFT_CT_SRC_IP compares the entry's l3num.
const TUPLE: ReadonlyMap<string, (tuple: TupleView, state: State) => Value | undefined> = new Map<
  string,
  (tuple: TupleView, state: State) => Value | undefined
>([
  ["ip saddr", (tuple, state) => (isIpv4(state) ? tuple.source : undefined)],
  ["ip daddr", (tuple, state) => (isIpv4(state) ? tuple.destination : undefined)],
  ["ip6 saddr", (tuple, state) => (isIpv6(state) ? tuple.source : undefined)],
  ["ip6 daddr", (tuple, state) => (isIpv6(state) ? tuple.destination : undefined)],
  ["proto-src", (tuple, state) => tuplePort(tuple.sourcePort, state)],
  ["proto-dst", (tuple, state) => tuplePort(tuple.destinationPort, state)],
  ["protocol", (_, state) => state.view.l4proto],
  ["l3proto", (_, state) => state.view.nfproto],
])

/** The tuple of a protocol without ports holds other numbers (ICMP: identifier, type and code), said or not. */
function tuplePort(port: number | undefined, state: State): Value {
  if (port === undefined && !PORT_PROTOCOLS.has(state.view.l4proto)) return Number.NaN
  return said(port, "connection's port")
}
