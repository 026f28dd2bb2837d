import { expect, test } from "vitest"
import { evaluate, prepare } from "../src/evaluate.ts"
import type { Environment, Packet } from "../src/packet.ts"
import type { Expression, Match } from "../src/schema.ts"
import {
  baseChain,
  concat,
  ct,
  drop,
  match,
  meta,
  payload,
  ping,
  prefix,
  range,
  ruleset,
  set,
  solicitation,
  tcp,
  udp6,
  withConntrack,
} from "./evaluator-inputs.ts"

const sets = [
  { set: { family: "inet", table: "t", name: "hash4", type: "ipv4_addr", elem: ["10.0.0.1", "10.0.0.7"] } },
  {
    set: {
      family: "inet",
      table: "t",
      name: "blocks4",
      type: "ipv4_addr",
      flags: ["interval"],
      elem: [prefix("10.0.0.0", 30), range("10.0.1.5", "10.0.1.9"), "10.0.2.2"],
    },
  },
  { set: { family: "inet", table: "t", name: "hash6", type: "ipv6_addr", elem: ["fd00:0::0001"] } },
  { set: { family: "inet", table: "t", name: "interfaces", type: "ifname", elem: ["veth1"] } },
  {
    set: {
      family: "inet",
      table: "t",
      name: "named4",
      type: ["ipv4_addr", "inet_proto", "inet_service"],
      elem: [
        { concat: ["10.0.0.2", "tcp", 80] },
        { elem: { val: { concat: ["10.0.0.2", 17, "domain"] }, comment: "dns" } },
      ],
    },
  },
  {
    set: {
      family: "inet",
      table: "t",
      name: "areas4",
      type: ["ipv4_addr", "inet_service"],
      flags: ["interval"],
      elem: [concat(prefix("10.0.0.0", 24), range(70, 90)), concat("10.0.0.9", 443)],
    },
  },
  { element: { family: "inet", table: "t", name: "hash4", elem: ["10.9.9.9"] } },
] as const

function holds(
  left: Expression,
  op: Match["op"],
  right: Expression,
  packet: Packet,
  environment?: Environment,
): boolean {
  const prepared = prepare(ruleset(sets, baseChain({ name: "c" }, [match(left, op, right), drop])))
  return evaluate(prepared, packet, environment).verdict === "drop"
}

const natted: Packet = withConntrack(tcp, {
  state: "established",
  mark: 0x05000001,
  direction: "reply",
  original: { source: "10.0.0.2", destination: "10.96.0.1", sourcePort: 80, destinationPort: 8080 },
  reply: { source: "10.0.0.1", destination: "10.0.0.2", sourcePort: 40000, destinationPort: 80 },
})

type Row = readonly [string, Expression, Match["op"], Expression, Packet, boolean]

const saddr = payload("ip", "saddr")
const dport = payload("tcp", "dport")
const state = ct("state")
const flags = payload("tcp", "flags")

test.for<Row>([
  ["an address equals itself", saddr, "==", "10.0.0.1", tcp, true],
  ["an address differs from another", saddr, "==", "10.0.0.2", tcp, false],
  ["!= is the opposite", saddr, "!=", "10.0.0.2", tcp, true],
  ["an IPv4 header is not in an IPv6 packet, for == ...", saddr, "==", "10.0.0.1", udp6, false],
  ["... nor for !=: the rule ends at the load", saddr, "!=", "10.0.0.1", udp6, false],
  ["IPv6 addresses are equal in any spelling", payload("ip6", "saddr"), "==", "fd00:0:0::1", udp6, true],
  ["a prefix holds its addresses", saddr, "==", prefix("10.0.0.0", 8), tcp, true],
  ["a prefix does not hold others", saddr, "==", prefix("11.0.0.0", 8), tcp, false],
  ["an IPv6 prefix", payload("ip6", "saddr"), "==", prefix("fd00::", 64), udp6, true],
  ["a range holds its ends", saddr, "==", range("10.0.0.1", "10.0.0.3"), tcp, true],
  ["outside a range", saddr, "!=", range("10.0.0.2", "10.0.0.3"), tcp, true],
  ["a port", dport, "==", 80, tcp, true],
  ["a port by its service name", dport, "==", "http", tcp, true],
  ["a TCP port is not in a UDP packet", dport, "!=", 99, udp6, false],
  ["th reads the port of any protocol", payload("th", "dport"), "==", 53, udp6, true],
  ["less than", dport, "<", 81, tcp, true],
  ["less than is strict", dport, "<", 80, tcp, false],
  ["at most", dport, "<=", 80, tcp, true],
  ["greater than", dport, ">", 79, tcp, true],
  ["at least", dport, ">=", 81, tcp, false],
  ["ports of ICMP equal none", payload("th", "dport"), "==", range(0, 65535), ping, false],
  ["a later fragment has no transport header", dport, "==", 80, { ...tcp, isLaterFragment: true }, false],
  ["but its protocol is known", meta("l4proto"), "==", "tcp", { ...tcp, isLaterFragment: true }, true],
  ["an anonymous set", dport, "==", set(22, 80), tcp, true],
  ["an anonymous set, negated", dport, "!=", set(22, 80), tcp, false],
  ["an anonymous set with ranges", dport, "==", set(22, range(70, 90)), tcp, true],
  ["a named set", saddr, "==", "@hash4", tcp, true],
  ["a named set, negated", saddr, "!=", "@hash4", tcp, false],
  ["the other family is in no set, and not outside it either", saddr, "!=", "@hash4", udp6, false],
  ["an address that is not in the set", payload("ip", "daddr"), "==", "@hash4", tcp, false],
  ["elements that stand beside the set", saddr, "==", "@hash4", { ...tcp, source: "10.9.9.9" }, true],
  ["an interval set: prefix", saddr, "==", "@blocks4", tcp, true],
  ["an interval set: range", saddr, "==", "@blocks4", { ...tcp, source: "10.0.1.9" }, true],
  ["an interval set: past the range", saddr, "==", "@blocks4", { ...tcp, source: "10.0.1.10" }, false],
  ["an interval set: single value", saddr, "==", "@blocks4", { ...tcp, source: "10.0.2.2" }, true],
  ["a set of the other family", payload("ip6", "saddr"), "==", "@hash6", udp6, true],
  ["interface names", meta("iifname"), "==", "@interfaces", tcp, true],
  ["a wildcard of interface names", meta("iifname"), "==", "veth*", tcp, true],
  ["a hook without that interface has an empty name", meta("oifname"), "!=", "eth0", solicitation, true],
  ["iif is compared by name", meta("iif"), "==", "lo", { ...tcp, iifname: "lo" }, true],
  [
    "a concatenation in a set",
    concat(payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")),
    "==",
    "@named4",
    tcp,
    true,
  ],
  [
    "every component must be right",
    concat(payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")),
    "==",
    "@named4",
    { ...tcp, l4proto: "udp" },
    false,
  ],
  [
    "elements with attributes, protocols and services by name or number",
    concat(payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")),
    "==",
    "@named4",
    { ...tcp, l4proto: "udp", destinationPort: 53 },
    true,
  ],
  [
    "a concatenation with ICMP, which has no port",
    concat(payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")),
    "==",
    "@named4",
    ping,
    false,
  ],
  ["intervals inside a concatenation", concat(saddr, dport), "==", "@areas4", tcp, true],
  ["past one interval", concat(saddr, dport), "==", "@areas4", { ...tcp, destinationPort: 91 }, false],
  ["one concatenation", concat(saddr, dport), "==", concat("10.0.0.1", 80), tcp, true],
  ["in: one of the bits", state, "in", ["established", "new"], tcp, true],
  ["in: none of the bits", state, "in", ["established", "related"], tcp, false],
  ["==: all of the value", flags, "==", "syn", { ...tcp, tcpFlags: ["syn", "ack"] }, false],
  ["in: any flag", flags, "in", "syn", { ...tcp, tcpFlags: ["syn", "ack"] }, true],
  ["!: none of the flags", flags, "!", "ack", tcp, true],
  [
    "masked flags",
    { "&": [flags, ["fin", "syn", "rst", "ack"]] },
    "!=",
    "syn",
    { ...tcp, tcpFlags: ["ack"] },
    true,
  ],
  [
    "masked flags of a SYN with ECN",
    { "&": [flags, ["fin", "syn", "rst", "ack"]] },
    "==",
    "syn",
    { ...tcp, tcpFlags: ["syn", "ecn"] },
    true,
  ],
  ["flags as a list", flags, "==", ["syn", "ack"], { ...tcp, tcpFlags: ["ack", "syn"] }, true],
  ["states in a set are compared whole", state, "==", set("established", "new"), tcp, true],
  [
    "what conntrack did not take is invalid",
    state,
    "in",
    "invalid",
    { ...tcp, ct: { state: "invalid" } },
    true,
  ],
  ["untracked", state, "in", "untracked", solicitation, true],
  ["a mark", ct("mark"), "==", 0x05000001, natted, true],
  ["a masked mark, as prefix", ct("mark"), "==", prefix(0x05000000, 8), natted, true],
  ["a masked mark", { "&": [ct("mark"), 0xff000000] }, "==", 0x05000000, natted, true],
  ["xor", { "^": [ct("mark"), 1] }, "==", 0x05000000, natted, true],
  ["shift", { ">>": [ct("mark"), 24] }, "==", 5, natted, true],
  ["shift out of the type", { "<<": [ct("mark"), 8] }, "==", 0x100, natted, true],
  ["or with a high bit stays positive", { "|": [ct("mark"), 0x80000000] }, "==", 0x85000001, natted, true],
  ["a masked IPv6 address", { "&": [payload("ip6", "saddr"), "ffff::"] }, "==", "fd00::", udp6, true],
  ["without an entry there is no mark, for == ...", ct("mark"), "==", 0, solicitation, false],
  ["... nor for !=", ct("mark"), "!=", 1, solicitation, false],
  ["ct direction", ct("direction"), "==", "reply", natted, true],
  ["ct direction of a new packet", ct("direction"), "==", "original", tcp, true],
  ["the original source", ct("ip saddr", "original"), "==", "10.0.0.2", natted, true],
  ["the reply's source, behind DNAT", ct("ip saddr", "reply"), "==", "10.0.0.1", natted, true],
  ["the original destination, before DNAT", ct("ip daddr", "original"), "==", "10.96.0.1", natted, true],
  ["the reply's source port", ct("proto-src", "reply"), "==", 40000, natted, true],
  [
    "the manual's spelling with family",
    { ct: { key: "saddr", family: "ip", dir: "original" } },
    "==",
    "10.0.0.2",
    natted,
    true,
  ],
  ["by default the tuples are the packet's own", ct("proto-src", "reply"), "==", 80, tcp, true],
  ["a tuple of the other family ends the rule", ct("ip saddr", "original"), "!=", "1.1.1.1", udp6, false],
  ["untracked packets have no tuple", ct("ip6 saddr", "original"), "!=", "::", solicitation, false],
  ["ICMP types by name", payload("icmp", "type"), "==", "echo-request", ping, true],
  ["ICMP types of another protocol", payload("icmp", "type"), "!=", "echo-request", tcp, false],
  [
    "ICMPv6 types in a set of ranges",
    payload("icmpv6", "type"),
    "==",
    set(range("mld-listener-query", "nd-router-solicit"), range(135, 136)),
    solicitation,
    true,
  ],
  ["protocols by name in a set", meta("l4proto"), "==", set("icmp", "ipv6-icmp"), solicitation, true],
  ["nfproto", meta("nfproto"), "==", "ipv6", udp6, true],
  ["ether type", meta("protocol"), "==", "ip6", udp6, true],
  ["packet type", meta("pkttype"), "==", "host", tcp, true],
  ["meta mark", meta("mark"), "==", 7, { ...tcp, mark: 7 }, true],
  [
    "a field that only the packet knows",
    payload("ip", "ttl"),
    "<",
    64,
    { ...tcp, fields: { "ip ttl": 3 } },
    true,
  ],
  [
    "a link-layer address",
    payload("ether", "saddr"),
    "==",
    "AA:BB:CC:00:00:01",
    { ...tcp, fields: { "ether saddr": "aa:bb:cc:0:0:1" } },
    true,
  ],
  ["a named dscp", payload("ip", "dscp"), "==", "lephb", { ...tcp, fields: { "ip dscp": 1 } }, true],
])("%s", ([, left, op, right, packet, expected]) => {
  expect(holds(left, op, right, packet)).toBe(expected)
})

const { destinationPort: _, ...withoutPort } = tcp

const local: Environment = {
  fib: ({ result, flags }) => {
    if (result === "type") return flags[0] === "daddr" ? "local" : "unicast"
    return flags.includes("iif") ? undefined : "eth0"
  },
}

test.for<readonly [string, Expression, Match["op"], Expression, boolean]>([
  ["the type of an address", { fib: { result: "type", flags: ["daddr"] } }, "==", "local", true],
  ["the type of the other address", { fib: { result: "type", flags: "saddr" } }, "==", "local", false],
  ["missing", { fib: { result: "oif", flags: ["saddr", "iif"] } }, "==", false, true],
  ["exists", { fib: { result: "oif", flags: ["saddr", "iif"] } }, "==", true, false],
  ["exists, for another question", { fib: { result: "oif", flags: ["saddr"] } }, "==", true, true],
  ["the interface's name", { fib: { result: "oifname", flags: ["saddr"] } }, "==", "eth0", true],
])("fib: %s", ([, left, op, right, expected]) => {
  expect(holds(left, op, right, tcp, local)).toBe(expected)
})

test.for<readonly [string, Expression, Match["op"], Expression, Packet, RegExp]>([
  [
    "a fib lookup without an environment",
    { fib: { result: "type", flags: ["daddr"] } },
    "==",
    "local",
    tcp,
    /no environment/,
  ],
  ["an unknown expression", { numgen: { mode: "random", mod: 2 } }, "==", 0, tcp, /numgen/],
  ["an unknown meta key", meta("cgroup"), "==", 0, tcp, /meta cgroup/],
  ["an unknown ct key", ct("helper"), "==", "ftp", tcp, /helper/],
  ["an unknown protocol", payload("quic", "dport"), "==", 0, tcp, /quic/],
  ["a field that the packet does not say", payload("ip", "ttl"), "==", 64, tcp, /ip ttl/],
  ["a port that the packet does not say", dport, "==", 80, withoutPort, /destinationPort/],
  ["a constant of another type", saddr, "==", "fd00::1", tcp, /ipv4_addr/],
  ["a host name", saddr, "==", "localhost", tcp, /localhost/],
  ["a set that is not there", saddr, "==", "@missing", tcp, /@missing/],
  [
    "a raw payload that the packet does not say",
    { payload: { base: "th", offset: 0, len: 16 } },
    "==",
    1,
    tcp,
    /@th,0,16/,
  ],
])("%s is an error, never a mismatch", ([, left, op, right, packet, expected]) => {
  expect(() => holds(left, op, right, packet)).toThrow(expected)
})

test("a rule behind a mismatch is not asked what it cannot say", () => {
  expect(holds(payload("ip", "ttl"), "==", 64, udp6)).toBe(false)
})
