// Tests that nft adds, drops and moves by itself: what is sent, and its normal form.

import { accept, concat, ct, equals, field, has, meta, source } from "./commands.ts"
import type { NormalRow } from "./normal-values.ts"

const port = field("tcp", "dport")
const isTcp = equals(meta("l4proto"), "tcp")
const isIpv4 = equals(meta("nfproto"), "ipv4")
const isNew = has(ct("state"), "new")
const fromHost = equals(source, "1.2.3.4")
const toWeb = equals(port, 80)

export const DEPENDENCIES: readonly NormalRow[] = [
  { name: "a header field implies its protocol", written: [isTcp, toWeb], normal: [toWeb] },
  { name: "also with a test between", written: [isTcp, isNew, toWeb], normal: [isNew, toWeb] },
  {
    name: "also with a lookup between",
    written: [isTcp, { vmap: { key: source, data: { set: [["1.2.3.4", accept]] } } }, toWeb],
    normal: [{ vmap: { key: source, data: { set: [["1.2.3.4", accept]] } } }, toWeb],
  },
  {
    name: "not with an effect between",
    written: [isTcp, { counter: null }, toWeb],
    normal: [isTcp, { counter: null }, toWeb],
  },
  {
    name: "not with a limit between",
    written: [isTcp, { limit: { rate: 10, per: "second", burst: 5 } }, toWeb],
    normal: [isTcp, { limit: { rate: 10, per: "second", burst: 5 } }, toWeb],
  },
  {
    name: "a conntrack port implies nothing",
    written: [isTcp, equals(ct("proto-src", "reply"), 80)],
    normal: [isTcp, equals(ct("proto-src", "reply"), 80)],
  },
  {
    name: "a transport header is that of the protocol that is known",
    written: [isTcp, equals(field("th", "dport"), 80)],
    normal: [toWeb],
  },
  {
    name: "also in a concatenation",
    written: [isTcp, equals(concat(source, field("th", "dport")), { set: [concat("1.1.1.1", 80)] })],
    normal: [equals(concat(source, port), { set: [concat("1.1.1.1", 80)] })],
  },
  {
    name: "not where two are",
    written: [equals(meta("l4proto"), { set: ["udp", "tcp"] }), equals(field("th", "dport"), 80)],
    normal: [equals(meta("l4proto"), { set: ["tcp", "udp"] }), equals(field("th", "dport"), 80)],
  },
  {
    name: "the header's own protocol field stays",
    written: [equals(field("ip", "protocol"), "tcp"), equals(field("th", "dport"), 80)],
    normal: [equals(field("ip", "protocol"), "tcp"), toWeb],
  },
  { name: "an address implies its family", written: [isIpv4, isNew, fromHost], normal: [isNew, fromHost] },
  { name: "a port does not", written: [isIpv4, toWeb], normal: [isIpv4, toWeb] },
  {
    name: "a conntrack address does not",
    written: [isIpv4, equals(ct("ip saddr", "original"), "1.2.3.4")],
    normal: [isIpv4, equals(ct("ip saddr", "original"), "1.2.3.4")],
  },
  {
    name: "an ICMPv6 field implies both",
    written: [
      equals(meta("nfproto"), "ipv6"),
      equals(meta("l4proto"), "ipv6-icmp"),
      equals(field("icmpv6", "type"), 135),
    ],
    normal: [equals(field("icmpv6", "type"), "nd-neighbor-solicit")],
  },
  {
    name: "an ether type is implied on a bridge",
    family: "bridge",
    written: [equals(field("ether", "type"), "ip"), fromHost],
    normal: [fromHost],
  },
  {
    name: "tests of neighbouring fields",
    written: [equals(port, 2), equals(field("tcp", "sport"), 1)],
    normal: [equals(field("tcp", "sport"), 1), equals(port, 2)],
  },
  {
    name: "with another between",
    written: [equals(field("tcp", "sport"), 1), fromHost, equals(port, 2)],
    normal: [fromHost, equals(field("tcp", "sport"), 1), equals(port, 2)],
  },
]
