// `table bridge postern`: what comes out of a bridge port carries the addresses of the pod behind it.
//
// Container runtimes give pods CAP_NET_RAW; on a bridge one pod can write another's address into a packet, an
// ARP reply or a neighbour advertisement, and the node's routes cannot tell (`fib` sees the bridge only).
// Frames that are neither IP nor ARP would go from pod to pod unseen by any IP hook; so would IP under a VLAN tag,
// which br_netfilter leaves alone and which a receiving Linux takes as untagged where the VLAN is 0. nft reads
// `ether type` of a tagged frame as the tag's, and `ip saddr` in spite of the tag: hence the rule before all.

import { isIPv6 } from "node:net"
import type { Expression, NftSet, Rule, Ruleset, Statement } from "nftables-json/schema"
import type { PodPort } from "./interfaces.ts"
import { words } from "./ipv6-words.ts"

export const ANTISPOOF_TABLE = { family: "bridge", name: "postern" } as const

export interface PodBridgePorts {
  readonly known: readonly PodPort[]
  /** Ports whose pods are not known: there only the kind of frame is judged. */
  readonly unknown: readonly string[]
}

/** Empty where no bridge has pods: then there is no table. */
export function antispoofRuleset(ports: PodBridgePorts): Ruleset {
  const known = ports.known.filter((port) => port.hardwareAddress !== "")
  const unknown = [
    ...ports.unknown,
    ...ports.known.filter((port) => port.hardwareAddress === "").map((port) => port.interface),
  ]
  if (known.length + unknown.length === 0) return []
  return [
    { table: ANTISPOOF_TABLE },
    set("unknown", ["ifname"], unknown),
    ...sets(known),
    { chain: { ...AT, name: "drop_spoofed" } },
    { chain: { ...AT, name: "arp_sender" } },
    { chain: { ...AT, name: "neighbours" } },
    {
      chain: { ...AT, name: "prerouting", type: "filter", hook: "prerouting", prio: -300, policy: "accept" },
    },
    rule("drop_spoofed", [{ counter: null }, { drop: null }]),
    ...arpRules(),
    ...neighbourRules(known),
    ...frameRules(),
  ]
}

const AT = { family: "bridge", table: "postern" } as const
const DROP: Statement = { goto: { target: "drop_spoofed" } }
const PORT: Expression = { meta: { key: "iifname" } }
const SENDER: Expression = { payload: { protocol: "ether", field: "saddr" } }
const ICMPV6_TYPE: Expression = { payload: { protocol: "icmpv6", field: "type" } }
const KINDS_OF_FRAME: Expression = { set: ["ip", "arp", "ip6"] }
const MLD_LEAST = 130
const NEIGHBOUR_ADVERTISEMENT = 136

function sets(ports: readonly PodPort[]): Ruleset {
  const owners = (six: boolean): Expression[] =>
    ports.flatMap((port) =>
      port.addresses
        .filter((address) => isIPv6(address) === six)
        .map((address) => ({ concat: [port.interface, port.hardwareAddress, address] })),
    )
  const senders = ports.map((port) => ({ concat: [port.interface, port.hardwareAddress] }))
  return [
    set(
      "ports",
      ["ifname"],
      ports.map((port) => port.interface),
    ),
    set("senders", ["ifname", "ether_addr"], senders),
    set("owners4", ["ifname", "ether_addr", "ipv4_addr"], owners(false)),
    set("owners6", ["ifname", "ether_addr", "ipv6_addr"], owners(true)),
  ]
}

function set(name: string, type: readonly string[], elem: readonly Expression[]): { readonly set: NftSet } {
  const [first = ""] = type
  return {
    set: { ...AT, name, type: type.length === 1 ? first : type, ...(elem.length === 0 ? {} : { elem }) },
  }
}

/** Address conflict probes have sender 0.0.0.0 (RFC 5227). */
function arpRules(): Ruleset {
  const hardware: Expression = { payload: { protocol: "arp", field: "saddr ether" } }
  const address: Expression = { payload: { protocol: "arp", field: "saddr ip" } }
  return [
    rule("arp_sender", [equal({ concat: [PORT, hardware] }, "@senders"), equal(address, "0.0.0.0"), ACCEPT]),
    rule("arp_sender", [equal({ concat: [PORT, hardware, address] }, "@owners4"), ACCEPT]),
    rule("arp_sender", [DROP]),
  ]
}

const ACCEPT: Statement = { accept: null }

/**
 * A neighbour advertisement speaks for the pod's own addresses and for the link-local address that its kernel
 * makes from its hardware address. The target is bytes 8 to 23 of the message; nft 1.0.6 has neither a
 * name for it nor, in JSON, a set type, hence one rule an address and four comparisons a rule.
 */
function neighbourRules(ports: readonly PodPort[]): Ruleset {
  const targets = ports.flatMap((port) =>
    [...port.addresses.filter((address) => isIPv6(address)), linkLocal(port.hardwareAddress)].map((address) =>
      rule("neighbours", [
        equal(PORT, port.interface),
        equal(ICMPV6_TYPE, NEIGHBOUR_ADVERTISEMENT),
        ...words(address).map((word, i) =>
          equal({ payload: { base: "th", offset: 64 + 32 * i, len: 32 } }, word),
        ),
        ACCEPT,
      ]),
    ),
  )
  return [
    ...targets,
    rule("neighbours", [equal(ICMPV6_TYPE, NEIGHBOUR_ADVERTISEMENT), DROP]),
    rule("neighbours", [ACCEPT]),
  ]
}

/** Duplicate address detection and MLD have source ::, or a link-local one that the node cannot know. */
function frameRules(): Ruleset {
  const ip4: Expression = { payload: { protocol: "ip", field: "saddr" } }
  const ip6: Expression = { payload: { protocol: "ip6", field: "saddr" } }
  const type: Expression = { payload: { protocol: "ether", field: "type" } }
  const multicastListeners: Expression = { set: [{ range: [MLD_LEAST, 133] }, 135, 143] }
  return [
    rule("prerouting", [
      equal(PORT, "@unknown"),
      { match: { op: "!=", left: type, right: KINDS_OF_FRAME } },
      DROP,
    ]),
    rule("prerouting", [{ match: { op: "!=", left: PORT, right: "@ports" } }, ACCEPT]),
    rule("prerouting", [{ match: { op: "!=", left: type, right: KINDS_OF_FRAME } }, DROP]),
    rule("prerouting", [{ match: { op: "!=", left: { concat: [PORT, SENDER] }, right: "@senders" } }, DROP]),
    rule("prerouting", [equal({ concat: [PORT, SENDER, ip4] }, "@owners4"), ACCEPT]),
    rule("prerouting", [
      equal({ concat: [PORT, SENDER, ip6] }, "@owners6"),
      { goto: { target: "neighbours" } },
    ]),
    rule("prerouting", [equal(type, "arp"), { goto: { target: "arp_sender" } }]),
    rule("prerouting", [
      equal(ip6, { prefix: { addr: "fe80::", len: 10 } }),
      { goto: { target: "neighbours" } },
    ]),
    rule("prerouting", [equal(ip6, "::"), equal(ICMPV6_TYPE, multicastListeners), ACCEPT]),
    rule("prerouting", [DROP]),
  ]
}

function rule(chain: string, expr: readonly Statement[]): { readonly rule: Rule } {
  return { rule: { ...AT, chain, expr } }
}

function equal(left: Expression, right: Expression): Statement {
  return { match: { op: "==", left, right } }
}

/** RFC 4291, appendix A: the modified EUI-64. */
export function linkLocal(hardwareAddress: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = hardwareAddress
    .split(":")
    .map((byte) => Number.parseInt(byte, 16))
  const groups = [(a ^ 2) * 256 + b, c * 256 + 0xff, 0xfe00 + d, e * 256 + f]
  return `fe80:0:0:0:${groups.map((group) => group.toString(16)).join(":")}`
}
