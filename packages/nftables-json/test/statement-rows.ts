// Every statement of the schema.

import type { Statement } from "../src/schema.ts"
import {
  accept,
  ct,
  drop,
  equals,
  field,
  goto,
  has,
  jump,
  lookup,
  meta,
  prefix,
  range,
  source,
} from "./commands.ts"
import { type KeysOf, PREROUTING, type RuleRow, row } from "./rule-row.ts"

export type StatementKind = KeysOf<Statement>

const PREROUTING_NAT = "type nat hook prerouting priority 0;"
const POSTROUTING_NAT = "type nat hook postrouting priority 0;"
const web = equals(field("tcp", "dport"), 80)
const ctMark = ct("mark")

/** The type asks for a row for every statement that the schema has. */
export const STATEMENTS: Readonly<Record<StatementKind, readonly RuleRow[]>> = {
  accept: [row("accept", accept)],
  drop: [row("drop", drop)],
  continue: [row("continue", { continue: null })],
  return: [row("return", { return: null })],
  jump: [row("jump x", jump("x"))],
  goto: [row("goto x", goto("x"))],
  match: [
    row("tcp dport 80", web),
    row("tcp dport != 80-90", { match: { op: "!=", left: field("tcp", "dport"), right: range(80, 90) } }),
    row("tcp dport > 1024", { match: { op: ">", left: field("tcp", "dport"), right: 1024 } }),
    row("ip ttl < 5", { match: { op: "<", left: field("ip", "ttl"), right: 5 } }),
    row("ip ttl >= 5", { match: { op: ">=", left: field("ip", "ttl"), right: 5 } }),
    row("ip ttl <= 5", { match: { op: "<=", left: field("ip", "ttl"), right: 5 } }),
    row("ct state established,new", has(ct("state"), ["established", "new"])),
    row("ct state == established", equals(ct("state"), "established")),
    row("tcp flags ! syn", { match: { op: "!", left: field("tcp", "flags"), right: "syn" } }),
    row("tcp flags & (syn | ack) == syn", equals({ "&": [field("tcp", "flags"), ["syn", "ack"]] }, "syn")),
    row(
      "tcp flags & (syn | ack) == (syn | ack)",
      equals({ "&": [field("tcp", "flags"), ["syn", "ack"]] }, ["syn", "ack"]),
    ),
    row("ip saddr @hosts", equals(source, "@hosts")),
    row('iifname "veth*"', equals(meta("iifname"), "veth*")),
    row('oif "lo"', equals(meta("oif"), "lo")),
    row("ct mark 0x01000000/8", equals(ctMark, prefix(0x01000000, 8))),
    row("ct mark & 0x000000ff == 0x00000005", equals({ "&": [ctMark, 255] }, 5)),
  ],
  counter: [
    row("counter", { counter: null }),
    row("counter packets 5 bytes 6", { counter: { packets: 5, bytes: 6 } }),
    row('counter name "count"', { counter: "count" }),
  ],
  mangle: [
    row("meta mark set 0x00000005", { mangle: { key: meta("mark"), value: 5 } }),
    row("ct mark set meta mark", { mangle: { key: ctMark, value: meta("mark") } }),
    row("ct mark set ct mark & 0x00ffffff | 0x01000000", {
      mangle: { key: ctMark, value: { "|": [{ "&": [ctMark, 0x00ffffff] }, 0x01000000] } },
    }),
  ],
  limit: [
    row("limit rate 10/second", { limit: { rate: 10, per: "second" } }),
    row("limit rate over 10/minute burst 7 packets", {
      limit: { rate: 10, per: "minute", burst: 7, inv: true },
    }),
    row("limit rate 10 kbytes/second burst 2 mbytes", {
      limit: { rate: 10, per: "second", burst: 2, rate_unit: "kbytes", burst_unit: "mbytes" },
    }),
    row('limit name "slow"', { limit: "slow" }),
  ],
  log: [
    row("log", { log: null }),
    row('log prefix "p: " level debug flags all', { log: { prefix: "p: ", level: "debug", flags: "all" } }),
    row('log prefix "p" group 5 snaplen 100 queue-threshold 3', {
      log: { prefix: "p", group: 5, snaplen: 100, "queue-threshold": 3 },
    }),
    row("log flags tcp sequence flags ip options", { log: { flags: ["tcp sequence", "ip options"] } }),
  ],
  vmap: [
    row("ip saddr vmap @dispatch", lookup(source, "@dispatch")),
    row("tcp dport vmap { 80 : accept, 81-90 : jump x, 100 : goto x }", {
      vmap: {
        key: field("tcp", "dport"),
        data: {
          set: [
            [80, accept],
            [range(81, 90), jump("x")],
            [100, goto("x")],
          ],
        },
      },
    }),
  ],
  reject: [
    row("reject", { reject: null }),
    row("reject with tcp reset", { reject: { type: "tcp reset" } }),
    row("reject with icmpx type admin-prohibited", { reject: { type: "icmpx", expr: "admin-prohibited" } }),
    row("reject with icmp type host-unreachable", { reject: { type: "icmp", expr: "host-unreachable" } }),
  ],
  set: [
    row("add @seen { ip saddr timeout 5s }", {
      set: { op: "add", elem: { elem: { val: source, timeout: 5 } }, set: "@seen" },
    }),
    row("update @seen { ip saddr }", { set: { op: "update", elem: source, set: "@seen" } }),
    row("delete @seen { ip saddr }", { set: { op: "delete", elem: source, set: "@seen" } }),
    row("add @seen { ip saddr counter }", {
      set: { op: "add", elem: source, set: "@seen", stmt: [{ counter: null }] },
    }),
  ],
  notrack: [{ ...row("notrack", { notrack: null }), base: PREROUTING }],
  tproxy: [
    {
      ...row("tcp dport 80 tproxy ip to 127.0.0.1:1000", web, {
        tproxy: { family: "ip", addr: "127.0.0.1", port: 1000 },
      }),
      base: PREROUTING,
    },
    { ...row("tcp dport 80 tproxy to :1000", web, { tproxy: { port: 1000 } }), base: PREROUTING },
  ],
  fwd: [{ ...row('fwd to "lo"', { fwd: { dev: "lo" } }), refusal: /unsupported family/ }],
  dnat: [
    {
      ...row("tcp dport 80 dnat ip to 1.2.3.4:8080", web, {
        dnat: { family: "ip", addr: "1.2.3.4", port: 8080 },
      }),
      base: PREROUTING_NAT,
    },
    {
      ...row("tcp dport 80 dnat ip6 to [fd00::1]:8080", web, {
        dnat: { family: "ip6", addr: "fd00::1", port: 8080 },
      }),
      base: PREROUTING_NAT,
    },
    {
      ...row("dnat ip to 1.2.3.4 random,persistent", {
        dnat: { family: "ip", addr: "1.2.3.4", flags: ["random", "persistent"] },
      }),
      base: PREROUTING_NAT,
    },
  ],
  snat: [
    { ...row("snat ip to 1.2.3.4", { snat: { family: "ip", addr: "1.2.3.4" } }), base: POSTROUTING_NAT },
  ],
  masquerade: [
    { ...row("masquerade", { masquerade: null }), base: POSTROUTING_NAT },
    { ...row("masquerade fully-random", { masquerade: { flags: "fully-random" } }), base: POSTROUTING_NAT },
  ],
  redirect: [
    { ...row("tcp dport 80 redirect to :8080", web, { redirect: { port: 8080 } }), base: PREROUTING_NAT },
  ],
  xt: [{ ...row("", { xt: null }), refusal: /no native syntax/ }],
  flow: [
    {
      ...row("flow add @fast", { flow: { op: "add", flowtable: "@fast" } }),
      refusal: /No such file or directory/,
    },
  ],
  queue: [
    {
      ...row("queue num 1 bypass", { queue: { num: 1, flags: ["bypass"] } }),
      refusal: /No such file or directory/,
    },
  ],
  dup: [
    {
      ...row('dup to 1.2.3.4 device "lo"', { dup: { addr: "1.2.3.4", dev: "lo" } }),
      refusal: /unsupported family/,
    },
  ],
  quota: [
    row("quota over 10 mbytes", { quota: { val: 10, val_unit: "mbytes", inv: true } }),
    row('quota name "most"', { quota: "most" }),
  ],
  synproxy: [
    row("synproxy mss 1460 wscale 7 timestamp sack-perm", {
      synproxy: { mss: 1460, wscale: 7, flags: ["timestamp", "sack-perm"] },
    }),
    { ...row('synproxy name "proxy"', { synproxy: "proxy" }), refusal: /No such file or directory/ },
  ],
  "ct helper": [
    { ...row('ct helper set "ftp"', { "ct helper": "ftp" }), refusal: /No such file or directory/ },
  ],
  "ct timeout": [
    { ...row('ct timeout set "short"', { "ct timeout": "short" }), refusal: /No such file or directory/ },
  ],
  "ct expectation": [
    {
      ...row('ct expectation set "expect"', { "ct expectation": "expect" }),
      refusal: /No such file or directory/,
    },
  ],
  "ct count": [row("ct count over 5", { "ct count": { val: 5, inv: true } })],
  last: [{ ...row("last", { last: null }), refusal: /syntax error|Unknown/ }],
}
