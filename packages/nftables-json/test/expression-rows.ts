// Every expression of the schema, in a rule.

import type { Expression } from "../src/schema.ts"
import { concat, ct, equals, fib, field, has, meta, prefix, range, source } from "./commands.ts"
import { type KeysOf, PREROUTING, type RuleRow, row } from "./rule-row.ts"

export type ExpressionKind =
  | KeysOf<Exclude<Expression, string | number | boolean | readonly Expression[]>>
  | "text"
  | "number"
  | "boolean"
  | "list"

const test = (text: string, left: Expression, right: Expression): RuleRow => row(text, equals(left, right))

/** The same for expressions. */
export const EXPRESSIONS: Readonly<Record<ExpressionKind, readonly RuleRow[]>> = {
  text: [
    test("meta l4proto tcp", meta("l4proto"), "tcp"),
    test("ip6 saddr fd00::1", field("ip6", "saddr"), "fd00::1"),
  ],
  number: [test("udp dport 53", field("udp", "dport"), 53), test("meta mark 0x00000010", meta("mark"), 16)],
  boolean: [
    test("fib saddr . iif oif missing", fib("oif", "saddr", "iif"), false),
    test("fib saddr . iif oif exists", fib("oif", "saddr", "iif"), true),
  ],
  list: [row("ct status snat,dnat", has(ct("status"), ["snat", "dnat"]))],
  concat: [
    test(
      "ip daddr . meta l4proto . th dport @services",
      concat(field("ip", "daddr"), meta("l4proto"), field("th", "dport")),
      "@services",
    ),
  ],
  set: [
    test("tcp dport { 22, 80-90 }", field("tcp", "dport"), { set: [22, range(80, 90)] }),
    test("icmpv6 type { 130-133, nd-neighbor-solicit }", field("icmpv6", "type"), {
      set: [range(130, 133), 135],
    }),
    test("ip saddr . tcp dport { 1.1.1.1 . 80 }", concat(source, field("tcp", "dport")), {
      set: [concat("1.1.1.1", 80)],
    }),
  ],
  map: [
    row("meta mark set ip saddr map { 1.2.3.4 : 0x00000005 }", {
      mangle: { key: meta("mark"), value: { map: { key: source, data: { set: [["1.2.3.4", 5]] } } } },
    }),
    row("meta mark set ip saddr map @marks", {
      mangle: { key: meta("mark"), value: { map: { key: source, data: "@marks" } } },
    }),
  ],
  prefix: [test("ip saddr 10.0.0.0/8", source, prefix("10.0.0.0", 8))],
  range: [test("ip saddr 10.0.0.1-10.0.0.9", source, range("10.0.0.1", "10.0.0.9"))],
  payload: [
    test("ether saddr 00:11:22:33:44:55", field("ether", "saddr"), "00:11:22:33:44:55"),
    test("@nh,8,8 0", { payload: { base: "nh", offset: 8, len: 8 } }, 0),
  ],
  exthdr: [
    test("exthdr hbh exists", { exthdr: { name: "hbh" } }, true),
    test("frag more-fragments 1", { exthdr: { name: "frag", field: "more-fragments" } }, 1),
  ],
  "tcp option": [
    test("tcp option maxseg exists", { "tcp option": { name: "maxseg" } }, true),
    row("tcp option maxseg size set 1400", {
      mangle: { key: { "tcp option": { name: "maxseg", field: "size" } }, value: 1400 },
    }),
  ],
  meta: [
    test('iifname { "a", "b" }', meta("iifname"), { set: ["a", "b"] }),
    test("meta pkttype multicast", meta("pkttype"), "multicast"),
  ],
  ct: [
    test("ct original ip saddr 10.0.0.0/8", ct("ip saddr", "original"), prefix("10.0.0.0", 8)),
    test("ct direction reply", ct("direction"), "reply"),
  ],
  fib: [test("fib daddr type { local, broadcast }", fib("type", "daddr"), { set: ["local", "broadcast"] })],
  rt: [test("rt ip nexthop 1.2.3.4", { rt: { key: "nexthop", family: "ip" } }, "1.2.3.4")],
  numgen: [test("numgen inc mod 2 offset 1 1", { numgen: { mode: "inc", mod: 2, offset: 1 } }, 1)],
  jhash: [test("jhash ip saddr mod 4 seed 5 2", { jhash: { expr: source, mod: 4, seed: 5 } }, 2)],
  symhash: [test("symhash mod 2 0", { symhash: { mod: 2 } }, 0)],
  socket: [{ ...test("socket transparent 1", { socket: { key: "transparent" } }, 1), base: PREROUTING }],
  "|": [
    row("meta mark set meta mark | 0x00000100", {
      mangle: { key: meta("mark"), value: { "|": [meta("mark"), 0x100] } },
    }),
  ],
  "^": [
    row("meta mark set meta mark ^ 0x00000100", {
      mangle: { key: meta("mark"), value: { "^": [meta("mark"), 0x100] } },
    }),
  ],
  "&": [
    test("ip saddr & 255.255.0.255 == 10.0.0.1", { "&": [source, "255.255.0.255"] }, "10.0.0.1"),
    row("meta mark set (meta mark | 0x00000100) & 0x00000ff0", {
      mangle: { key: meta("mark"), value: { "&": [{ "|": [meta("mark"), 0x100] }, 0xff0] } },
    }),
  ],
  "<<": [
    row("meta mark set meta mark << 0x00000008", {
      mangle: { key: meta("mark"), value: { "<<": [meta("mark"), 8] } },
    }),
  ],
  ">>": [
    row("meta mark set meta mark >> 0x00000008", {
      mangle: { key: meta("mark"), value: { ">>": [meta("mark"), 8] } },
    }),
  ],
  elem: [
    row("update @seen { ip saddr timeout 1m30s }", {
      set: { op: "update", elem: { elem: { val: source, timeout: 90 } }, set: "@seen" },
    }),
  ],
}
