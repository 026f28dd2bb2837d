// The data type of what a rule looks at: the left side of a match, the key of a map.

import { type DataType, dataType } from "./data-type.ts"
import { isList } from "./expression.ts"
import type { Expression, Payload } from "./schema.ts"

/** One type for each component; one component for everything but a concatenation. */
export function typesOf(expression: Expression): readonly DataType[] {
  return namesOf(expression).map(dataType)
}

/** Layer and position of a header field, for ordering matches by where they look; undefined for raw offsets. */
export function placeOf(payload: Payload): readonly [number, number] | undefined {
  return "protocol" in payload ? HEADERS.get(`${payload.protocol} ${payload.field}`)?.place : undefined
}

function namesOf(expression: Expression): readonly string[] {
  if (typeof expression !== "object" || isList(expression)) return ["text"]
  if ("concat" in expression) return expression.concat.flatMap(namesOf)
  if ("payload" in expression) return [payloadType(expression.payload)]
  if ("meta" in expression) return [META[expression.meta.key] ?? "text"]
  if ("ct" in expression) return [CT[expression.ct.key] ?? "text"]
  if ("fib" in expression) return [FIB[expression.fib.result] ?? "text"]
  if ("&" in expression) return namesOf(expression["&"][0])
  if ("|" in expression) return namesOf(expression["|"][0])
  if ("^" in expression) return namesOf(expression["^"][0])
  if ("elem" in expression) return namesOf(expression.elem.val)
  return ["text"]
}

function payloadType(payload: Payload): string {
  if (!("protocol" in payload)) return "integer"
  return HEADERS.get(`${payload.protocol} ${payload.field}`)?.type ?? "integer"
}

const LAYERS: readonly (readonly string[])[] = [
  ["ether", "vlan"],
  ["ip", "ip6", "arp"],
  ["tcp", "udp", "udplite", "sctp", "dccp", "th", "icmp", "icmpv6", "igmp", "ah", "esp", "comp"],
]

// Fields in the order of their offsets, with their type where it is not a plain integer.
const PORTS = "sport:inet_service dport:inet_service"
const FIELDS: Readonly<Record<string, string>> = {
  ether: "daddr:ether_addr saddr:ether_addr type:ether_type",
  vlan: "pcp dei id type:ether_type",
  arp: "htype ptype:ether_type hlen plen operation:arp_op",
  ip:
    "version hdrlength dscp:dscp ecn length id frag-off ttl protocol:inet_proto checksum saddr:ipv4_addr " +
    "daddr:ipv4_addr",
  ip6: "version dscp:dscp ecn flowlabel length nexthdr:inet_proto hoplimit saddr:ipv6_addr daddr:ipv6_addr",
  tcp: `${PORTS} sequence ackseq doff reserved flags:tcp_flag window checksum urgptr`,
  udp: `${PORTS} length checksum`,
  udplite: `${PORTS} csumcov checksum`,
  sctp: `${PORTS} vtag checksum`,
  dccp: `${PORTS} type`,
  th: PORTS,
  icmp: "type:icmp_type code:icmp_code checksum id sequence mtu gateway",
  icmpv6:
    "type:icmpv6_type code:icmpv6_code checksum parameter-problem packet-too-big mtu id sequence max-delay",
  igmp: "type:igmp_type mrt checksum group:ipv4_addr",
  ah: "nexthdr:inet_proto hdrlength reserved spi sequence",
  esp: "spi sequence",
  comp: "nexthdr:inet_proto flags cpi",
}

const META: Readonly<Record<string, string>> = {
  l4proto: "inet_proto",
  nfproto: "nf_proto",
  protocol: "ether_type",
  mark: "mark",
  pkttype: "pkt_type",
  iif: "iface_index",
  oif: "iface_index",
  iifname: "ifname",
  oifname: "ifname",
  length: "integer",
}

const CT: Readonly<Record<string, string>> = {
  state: "ct_state",
  status: "ct_status",
  direction: "ct_dir",
  mark: "mark",
  protocol: "inet_proto",
  l3proto: "nf_proto",
  "proto-src": "inet_service",
  "proto-dst": "inet_service",
  "ip saddr": "ipv4_addr",
  "ip daddr": "ipv4_addr",
  "ip6 saddr": "ipv6_addr",
  "ip6 daddr": "ipv6_addr",
}

const FIB: Readonly<Record<string, string>> = { type: "fib_addrtype", oif: "iface_index", oifname: "ifname" }

interface HeaderField {
  readonly type: string
  readonly place: readonly [number, number]
}

const HEADERS: ReadonlyMap<string, HeaderField> = new Map(
  Object.entries(FIELDS).flatMap(([protocol, fields]) => {
    const layer = LAYERS.findIndex((protocols) => protocols.includes(protocol))
    return fields.split(" ").map((field, position): [string, HeaderField] => {
      const [name = "", type = "integer"] = field.split(":")
      return [`${protocol} ${name}`, { type, place: [layer, position] }]
    })
  }),
)
