// A ruleset as node policy engines make them: dispatch by address in verdict maps, conntrack marks,
// shared class chains. Written as it is sent; every form of rule that such an engine needs is in it.

import type { Expression, Ruleset, RulesetObject, Statement } from "../src/schema.ts"
import { accept, concat, ct, drop, equals, fib, field, goto, has, lookup, meta, range } from "./commands.ts"
import { place, SETS } from "./design-sets.ts"

const GENERATION = 0x01000000
const MASK = 0xff000000
const mark = ct("mark")
const egress = [
  lookup(ct("ip saddr", "original"), "@egress4"),
  lookup(ct("ip6 saddr", "original"), "@egress6"),
]
const ingress = [lookup(ct("ip saddr", "reply"), "@ingress4"), lookup(ct("ip6 saddr", "reply"), "@ingress6")]
const state = (name: string): Statement => has(ct("state"), name)
const podsIn = equals(meta("iifname"), "@pod_interfaces")
const podsOut = equals(meta("oifname"), "@pod_interfaces")
const icmpv6 = (...types: readonly Expression[]): Statement =>
  equals(field("icmpv6", "type"), types.length === 1 ? (types[0] ?? 0) : { set: types })
const neighbours: readonly Statement[] = [icmpv6(range(130, 133), 135, 136, 143), accept]
const fromLocal = equals(fib("type", "saddr"), "local")
const count: Statement = { counter: null }
const named = (address: string, port: string): Expression =>
  concat(field("ip", address), meta("l4proto"), field("th", port))
const ports = (protocol: string): readonly Statement[] => [
  equals(meta("l4proto"), protocol),
  lookup(ct("proto-src", "reply"), "@ports_a"),
]

function chain(name: string, ...rules: readonly (readonly Statement[])[]): Ruleset {
  return [{ chain: { ...place, name } }, ...rulesOf(name, rules)]
}

function base(
  name: "prerouting" | "forward" | "input" | "output",
  prio: number,
  ...rules: readonly (readonly Statement[])[]
): Ruleset {
  return [
    { chain: { ...place, name, type: "filter", hook: name, prio, policy: "accept" } },
    ...rulesOf(name, rules),
  ]
}

function rulesOf(chain: string, rules: readonly (readonly Statement[])[]): readonly RulesetObject[] {
  const isGeneration = (expr: readonly Statement[]) => JSON.stringify(expr).includes(String(GENERATION))
  return rules.map((expr) => ({
    rule: { ...place, chain, ...(isGeneration(expr) ? { comment: "generation" } : {}), expr },
  }))
}

const established: readonly Statement[] = [
  state("established"),
  equals({ "&": [mark, MASK] }, GENERATION),
  accept,
]
const related: readonly Statement[] = [
  state("related"),
  equals(meta("l4proto"), { set: ["icmp", "ipv6-icmp"] }),
  accept,
]
const routers: readonly Statement[] = [podsIn, icmpv6(134, 137), goto("drop_router")]

const BASE_CHAINS: Ruleset = [
  ...base("prerouting", -301, neighbours, [
    podsIn,
    equals(fib("oif", "saddr", "iif"), false),
    goto("drop_spoofed"),
  ]),
  ...base(
    "forward",
    0,
    established,
    related,
    neighbours,
    routers,
    [state("invalid"), goto("miss")],
    [state("untracked"), goto("untracked")],
    ...egress.map((each) => [each]),
    ...ingress.map((each) => [each]),
    [goto("miss")],
  ),
  ...base(
    "input",
    110,
    [equals(meta("iif"), "lo"), accept],
    established,
    related,
    neighbours,
    routers,
    [equals(ct("direction"), "reply"), accept],
    [state("untracked"), goto("untracked")],
    ...egress.map((each) => [each]),
    [goto("miss_local")],
  ),
  ...base(
    "output",
    0,
    [equals(meta("oif"), "lo"), accept],
    established,
    related,
    neighbours,
    ...egress.map((each) => [equals(ct("direction"), "reply"), each]),
    [fromLocal, podsOut, goto("stamp")],
    [fromLocal, accept],
    [state("untracked"), goto("untracked")],
    ...egress.map((each) => [each]),
    ...ingress.map((each) => [each]),
    [goto("miss")],
  ),
]

const CHAINS: Ruleset = [
  ...chain("to_ingress", ...ingress.map((each) => [each]), [goto("leave")]),
  ...chain(
    "leave",
    [state("untracked"), goto("untracked_ingress")],
    [equals(ct("ip saddr", "reply"), "@local4_a"), goto("leave_local")],
    [equals(ct("ip6 saddr", "reply"), "@local6_a"), goto("leave_local")],
    [equals(ct("direction"), "original"), podsOut, goto("leave_flood")],
    [goto("stamp")],
  ),
  ...chain(
    "leave_local",
    [equals(fib("type", "daddr"), "local"), goto("stamp")],
    [fromLocal, goto("stamp")],
    [goto("drop_unknown")],
  ),
  ...chain("leave_flood", [goto("drop_multicast")]),
  ...chain(
    "untracked",
    [lookup(field("ip", "saddr"), "@egress4")],
    [lookup(field("ip", "daddr"), "@ingress4")],
    [goto("miss")],
  ),
  ...chain(
    "untracked_ingress",
    [lookup(field("ip", "daddr"), "@ingress4")],
    [equals(field("ip", "daddr"), "@local4_a"), goto("leave_local")],
    [accept],
  ),
  ...chain(
    "miss",
    [equals(field("ip", "saddr"), "@local4_a"), goto("drop_unknown")],
    [equals(field("ip6", "daddr"), "@local6_a"), goto("drop_unknown")],
    [podsIn, goto("drop_unknown")],
    [podsOut, goto("drop_unknown")],
  ),
  ...chain(
    "miss_local",
    [equals(field("ip", "saddr"), "@local4_a"), goto("drop_unknown")],
    [podsIn, goto("drop_unknown")],
  ),
  ...chain(
    "stamp",
    [
      state("new"),
      {
        match: {
          op: "!=",
          left: { "&": [field("tcp", "flags"), ["fin", "syn", "rst", "ack"]] },
          right: "syn",
        },
      },
      goto("drop_midstream"),
    ],
    [{ mangle: { key: mark, value: { "|": [{ "&": [mark, 0xffffffff - MASK] }, GENERATION] } } }, accept],
  ),
  ...["drop_unknown", "drop_spoofed", "drop_router", "drop_multicast", "drop_midstream"].flatMap((name) =>
    chain(name, [count, drop]),
  ),
  ...chain(
    "out_a",
    [equals(ct("ip saddr", "reply"), "@allow4_a"), goto("to_ingress")],
    [equals(ct("ip6 saddr", "reply"), "@allow6_a"), goto("to_ingress")],
    [equals(ct("ip saddr", "reply"), "@ranges4_a"), goto("to_ingress")],
    ports("tcp"),
    ports("udp"),
    ports("sctp"),
    [equals(ct("direction"), "original"), equals(named("daddr", "dport"), "@named4_a"), goto("to_ingress")],
    [equals(ct("direction"), "reply"), equals(named("saddr", "sport"), "@named4_a"), goto("to_ingress")],
    [state("untracked"), goto("out_a_u")],
    [goto("deny_a")],
  ),
  ...chain(
    "out_a_u",
    [equals(field("ip", "daddr"), "@allow4_a"), goto("to_ingress")],
    [equals(meta("l4proto"), "tcp"), lookup(field("th", "dport"), "@ports_a")],
    [equals(named("daddr", "dport"), "@named4_a"), goto("to_ingress")],
    [goto("deny_a")],
  ),
  ...chain("port_a", [equals(ct("ip saddr", "reply"), "@allow4_a"), goto("to_ingress")]),
  ...chain(
    "deny_a",
    [count],
    [
      state("established"),
      equals(meta("l4proto"), "udp"),
      { mangle: { key: mark, value: { "|": [{ "&": [mark, 0xffffffff - MASK] }, MASK] } } },
    ],
    [{ limit: { rate: 10, per: "second" } }, { log: { group: 100, prefix: "postern:deny:egress:a" } }],
    [drop],
  ),
]

const BRIDGE: Ruleset = [
  { table: { family: "bridge", name: "postern" } },
  {
    set: {
      family: "bridge",
      table: "postern",
      name: "owners4",
      type: ["ifname", "ether_addr", "ipv4_addr"],
      elem: [concat("veth1", "0:11:22:33:44:55", "10.244.1.1")],
    },
  },
  {
    chain: {
      family: "bridge",
      table: "postern",
      name: "prerouting",
      type: "filter",
      hook: "prerouting",
      prio: -300,
    },
  },
  {
    rule: {
      family: "bridge",
      table: "postern",
      chain: "prerouting",
      expr: [
        equals(meta("iifname"), "veth*"),
        equals(field("ether", "type"), "ip"),
        {
          match: {
            op: "!=",
            left: concat(meta("iifname"), field("ether", "saddr"), field("ip", "saddr")),
            right: "@owners4",
          },
        },
        count,
        drop,
      ],
    },
  },
]

export const designRuleset: Ruleset = [
  { table: { family: "inet", name: "postern" } },
  ...SETS,
  ...CHAINS,
  ...BASE_CHAINS,
  ...BRIDGE,
]
