// Ways to write the same rule: what is sent, and its normal form.

import type { Expression, Family, Statement } from "../src/schema.ts"
import { accept, concat, ct, drop, equals, fib, field, has, meta, prefix, range, source } from "./commands.ts"

export interface NormalRow {
  readonly name: string
  readonly written: readonly Statement[]
  readonly normal: readonly Statement[]
  readonly family?: Family
}

const mark = ct("mark")
const port = field("tcp", "dport")
const flags = field("tcp", "flags")
const isTcp = equals(meta("l4proto"), "tcp")
const toWeb = equals(port, 80)
const setMark = (value: Expression): Statement => ({ mangle: { key: mark, value } })
const mask = (value: number): Expression => ({ "&": [mark, value] })

function same(name: string, written: Statement, normal: Statement): NormalRow {
  return { name, written: [written], normal: [normal] }
}

export const VALUES: readonly NormalRow[] = [
  same("a protocol's number is its name", equals(meta("l4proto"), 6), isTcp),
  same("icmpv6 is ipv6-icmp", equals(meta("l4proto"), "icmpv6"), equals(meta("l4proto"), "ipv6-icmp")),
  same("a port's name is its number", equals(port, "http"), toWeb),
  same("a port in quotes is a number", equals(port, "80"), toWeb),
  same(
    "an ICMPv6 type's number is its name",
    equals(field("icmpv6", "type"), 135),
    equals(field("icmpv6", "type"), "nd-neighbor-solicit"),
  ),
  same(
    "numbers of ICMPv6 types in ranges",
    equals(field("icmpv6", "type"), { set: [143, range(130, 133), 136, 135] }),
    equals(field("icmpv6", "type"), {
      set: [
        range("mld-listener-query", "nd-router-solicit"),
        range("nd-neighbor-solicit", "nd-neighbor-advert"),
        "mld2-listener-report",
      ],
    }),
  ),
  same("a mark in hexadecimal", equals(mark, "0x10"), equals(mark, 16)),
  same("the loopback's index is its name", equals(meta("iif"), 1), equals(meta("iif"), "lo")),
  same(
    "an address in capitals",
    equals(field("ip6", "saddr"), "2001:DB8:0::1"),
    equals(field("ip6", "saddr"), "2001:db8::1"),
  ),
  same(
    "an address's longest run of zeros",
    equals(field("ip6", "saddr"), "1:0:0:2:0:0:0:3"),
    equals(field("ip6", "saddr"), "1:0:0:2::3"),
  ),
  same(
    "a single zero group is written",
    equals(field("ip6", "saddr"), "1:2:3:4:0:6:7:8"),
    equals(field("ip6", "saddr"), "1:2:3:4:0:6:7:8"),
  ),
  same(
    "an IPv4-mapped address",
    equals(field("ip6", "saddr"), "::ffff:102:304"),
    equals(field("ip6", "saddr"), "::ffff:1.2.3.4"),
  ),
  same(
    "a link-layer address without zeros",
    equals(field("ether", "saddr"), "1:2:3:A:b:c"),
    equals(field("ether", "saddr"), "01:02:03:0a:0b:0c"),
  ),
  same("host bits of a prefix", equals(source, prefix("10.1.2.3", 8)), equals(source, prefix("10.0.0.0", 8))),
  same(
    "a prefix of all bits is an address",
    equals(source, prefix("10.1.2.3", 32)),
    equals(source, "10.1.2.3"),
  ),
  same(
    "a range that is a prefix",
    equals(source, range("10.0.0.0", "10.0.0.255")),
    equals(source, prefix("10.0.0.0", 24)),
  ),
  same("a range of one", equals(port, range(80, 80)), toWeb),
  same(
    "a mask of leading ones is a prefix",
    equals(mask(0xff000000), 0x01000000),
    equals(mark, prefix(0x01000000, 8)),
  ),
  same(
    "also where it is negated",
    { match: { op: "!=", left: mask(0xff000000), right: 0 } },
    { match: { op: "!=", left: mark, right: prefix(0, 8) } },
  ),
  same("a mask of all ones is none", equals(mask(0xffffffff), 5), equals(mark, 5)),
  same("any other mask stays", equals(mask(0xff), 5), equals(mask(0xff), 5)),
  same(
    "an address's mask",
    equals({ "&": [source, "255.255.0.0"] }, "10.1.0.0"),
    equals(source, prefix("10.1.0.0", 16)),
  ),
  same(
    "the generation is written with its bits in the mask",
    setMark({ "|": [mask(0x00ffffff), 0x01000000] }),
    setMark({ "|": [mask(0x01ffffff), 0x01000000] }),
  ),
  same(
    "the mask may be computed",
    setMark({ "|": [{ "&": [mark, { "^": [0xff000000, 0xffffffff] }] }, 0x01000000] }),
    setMark({ "|": [mask(0x01ffffff), 0x01000000] }),
  ),
  same(
    "a mask and bits that are all bits",
    setMark({ "|": [mask(0x00ffffff), 0xff000000] }),
    setMark({ "|": [mark, 0xff000000] }),
  ),
  same("an exclusive or keeps its own", setMark({ "^": [mark, 0xff] }), setMark({ "^": [mark, 0xff] })),
  same(
    "all three operators",
    setMark({ "|": [{ "^": [mask(0xff00), 0x0f00] }, 1] }),
    setMark({ "|": [{ "^": [mask(0xff01), 0x0f00] }, 1] }),
  ),
  same(
    "the order of flags",
    has(ct("state"), ["new", "established"]),
    has(ct("state"), ["established", "new"]),
  ),
  same(
    "flags joined by |",
    has(ct("state"), { "|": ["new", "established"] }),
    has(ct("state"), ["established", "new"]),
  ),
  same(
    "a set of states is looked up, not tested",
    { match: { op: "in", left: ct("state"), right: { set: ["new", "established"] } } },
    equals(ct("state"), { set: ["established", "new"] }),
  ),
  same(
    "flags of a mask joined by |",
    equals({ "&": [flags, { "|": [{ "|": ["syn", "fin"] }, "ack"] }] }, "syn"),
    equals({ "&": [flags, ["fin", "syn", "ack"]] }, "syn"),
  ),
  same("a masked flag against nothing", equals({ "&": [flags, "syn"] }, 0), {
    match: { op: "!", left: flags, right: "syn" },
  }),
  same(
    "a masked flag against nothing, negated",
    { match: { op: "!=", left: { "&": [flags, "syn"] }, right: 0 } },
    has(flags, "syn"),
  ),
  same("the order of an anonymous set", equals(port, { set: [443, 80] }), equals(port, { set: [80, 443] })),
  same("an anonymous set of one", equals(port, { set: [80] }), toWeb),
  same("a set that is no list", equals(port, { set: 80 }), toWeb),
  same(
    "an anonymous set of one interval",
    equals(port, { set: [range(80, 90)] }),
    equals(port, range(80, 90)),
  ),
  same(
    "an anonymous set of one concatenation stays",
    equals(concat(source, port), { set: [concat("1.1.1.1", 80)] }),
    equals(concat(source, port), { set: [concat("1.1.1.1", 80)] }),
  ),
  same(
    "an anonymous set without intervals is not merged",
    equals(port, { set: [80, 81] }),
    equals(port, { set: [80, 81] }),
  ),
  same(
    "with one interval it is",
    equals(port, { set: [80, 81, range(90, 99), range(95, 100)] }),
    equals(port, { set: [range(80, 81), range(90, 100)] }),
  ),
  same(
    "adjacent prefixes of an anonymous set",
    equals(source, { set: [prefix("11.0.0.0", 8), prefix("10.0.0.0", 8)] }),
    equals(source, prefix("10.0.0.0", 7)),
  ),
  same(
    "an anonymous map is sorted, not merged",
    {
      vmap: {
        key: port,
        data: {
          set: [
            [range(90, 99), drop],
            [range(80, 89), drop],
            [1, accept],
          ],
        },
      },
    },
    {
      vmap: {
        key: port,
        data: {
          set: [
            [1, accept],
            [range(80, 89), drop],
            [range(90, 99), drop],
          ],
        },
      },
    },
  ),
  same(
    "the flags of fib",
    equals(fib("oif", "iif", "saddr"), false),
    equals(fib("oif", "saddr", "iif"), false),
  ),
  same(
    "one flag of fib",
    equals({ fib: { result: "type", flags: "daddr" } }, 2),
    equals(fib("type", "daddr"), "local"),
  ),
  same(
    "a limit's burst",
    { limit: { rate: 10, per: "second" } },
    { limit: { rate: 10, per: "second", burst: 5 } },
  ),
  same(
    "a limit's unit",
    { limit: { rate: 1024, per: "second", rate_unit: "bytes", burst: 2048, burst_unit: "bytes" } },
    { limit: { rate: 1024, per: "second", rate_unit: "bytes", burst: 2048, burst_unit: "bytes" } },
  ),
  same("a counter's values", { counter: { packets: 5, bytes: 6 } }, { counter: null }),
  same("an empty log", { log: {} }, { log: null }),
  same("a log's usual level", { log: { level: "warn", prefix: "p" } }, { log: { prefix: "p" } }),
  same("all flags of a log", { log: { flags: ["all"] } }, { log: { flags: ["all"] } }),
  same("one flag of a log", { log: { flags: "skuid" } }, { log: { flags: ["skuid"] } }),
  same("a reject's reason", { reject: null }, { reject: { type: "icmpx", expr: "port-unreachable" } }),
  {
    name: "a reject's reason in IPv4",
    family: "ip",
    written: [{ reject: null }],
    normal: [{ reject: { type: "icmp", expr: "port-unreachable" } }],
  },
  {
    name: "a reset needs TCP",
    written: [{ reject: { type: "tcp reset" } }],
    normal: [isTcp, { reject: { type: "tcp reset" } }],
  },
  {
    name: "a reset behind a TCP field does not",
    written: [toWeb, { reject: { type: "tcp reset" } }],
    normal: [toWeb, { reject: { type: "tcp reset" } }],
  },
]
