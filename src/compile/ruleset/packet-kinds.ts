// Kinds of packets that the fixed chains tell apart.

import type { Statement } from "nftables-json/schema"
import { header, match, meta } from "./expressions.ts"

/** Router and neighbour solicitation, neighbour advertisement: valid with hop limit 255 alone (RFC 4861, 6.1 and 7.1). */
export const NEIGHBOUR = [133, 135, 136]
/** Multicast listener discovery: sent to a multicast address with hop limit 1 (RFC 3810, 5). */
export const LISTENER = [130, 131, 132, 143]
/** Router advertisement and redirect: whoever sends them steers others' traffic (CVE-2020-10749). */
export const ROUTER = [134, 137]

export const fromPods = match(meta("iifname"), "@pod_interfaces")
export const toPods = match(meta("oifname"), "@pod_interfaces")

export function icmpv6(types: readonly number[]): Statement {
  return match(header("icmpv6", "type"), { set: types })
}

export const toMulticast6 = match(header("ip6", "daddr"), { prefix: { addr: "ff00::", len: 8 } })

export function hopLimit(value: number): Statement {
  return match(header("ip6", "hoplimit"), value)
}

export function fib(
  result: "oif" | "type",
  flags: readonly string[],
): { readonly fib: { readonly result: "oif" | "type"; readonly flags: readonly string[] } } {
  return { fib: { result, flags } }
}

export function fibType(address: "saddr" | "daddr", type: string): Statement {
  return match(fib("type", [address]), type)
}
