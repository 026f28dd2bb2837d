// Address arithmetic that routes need.

import { BlockList } from "node:net"
import { formatAddress, parseAddress } from "../compile/address-ranges.ts"
import { isIPv6, type LabNodeSpec, type LabPodSpec } from "./spec.ts"

/** The address as a route or address of its own: 10.0.0.1/32. */
export function host(address: string): string {
  return `${address}/${isIPv6(address) ? 128 : 32}`
}

export function inAny(address: string, cidrs: readonly string[]): boolean {
  const blocks = new BlockList()
  // An IPv4 address is in ::/16 for BlockList, which takes it for an IPv4-mapped one.
  for (const cidr of cidrs.filter((each) => isIPv6(each) === isIPv6(address))) {
    const slash = cidr.indexOf("/")
    blocks.addSubnet(cidr.slice(0, slash), Number(cidr.slice(slash + 1)), isIPv6(cidr) ? "ipv6" : "ipv4")
  }
  return blocks.check(address, isIPv6(address) ? "ipv6" : "ipv4")
}

/** The first of `addresses` that has the family of `other` (an address or a CIDR). */
export function sameFamily(addresses: readonly string[], other: string): string | undefined {
  return addresses.find((address) => isIPv6(address) === isIPv6(other))
}

/** The address `offset` places after the start of a CIDR, or undefined past its end. */
export function addressIn(cidr: string, offset: number): string | undefined {
  const first = parseAddress(cidr.slice(0, cidr.indexOf("/")))
  const hostBits = (isIPv6(cidr) ? 128 : 32) - prefixLength(cidr)
  if (first === undefined || BigInt(offset) >= 1n << BigInt(hostBits)) return undefined
  return first.family === "IPv4"
    ? formatAddress({ family: "IPv4", value: first.value + offset })
    : formatAddress({ family: "IPv6", value: first.value + BigInt(offset) })
}

function prefixLength(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf("/") + 1))
}

/** The address pods of a node send to, and the length of the prefix they share. */
export interface Gateway {
  readonly address: string
  readonly length: number
}

/** One for each family: the first free address of the node's CIDR, as host-local gives it; link-local where there is no CIDR. */
export function podGateways(node: LabNodeSpec, pods: readonly LabPodSpec[]): readonly Gateway[] {
  const taken = new Set(pods.flatMap((pod) => pod.addresses))
  const linkLocal = [
    { address: "169.254.1.1", length: 32 },
    { address: "fe80::1", length: 64 },
  ]
  return linkLocal.map((fallback) => {
    const cidr = sameFamily(node.podCIDRs, fallback.address)
    if (cidr === undefined) return fallback
    for (let offset = 1; ; offset++) {
      const address = addressIn(cidr, offset)
      if (address === undefined) return fallback
      if (!taken.has(address)) return { address, length: prefixLength(cidr) }
    }
  })
}
