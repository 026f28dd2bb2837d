// Which addresses the host outside the cluster must have, so that every block and every assertion can be tried.

import { isIP } from "node:net"
import { parseCidr } from "../../compile/address-ranges.ts"
import type { Snapshot } from "../../compile/snapshot.ts"
import { addressIn, inAny } from "../../lab/addresses.ts"
import { defaultOutside } from "../../lab/snapshot-lab.ts"
import { isIPv6 } from "../../lab/spec.ts"

/** One for each block is enough, and many blocks make a matrix that nobody reads. */
const mostBlocks = 4

/** No host can have these: unspecified, loopback, link-local, multicast and reserved. */
const impossible = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/3",
  "::/16",
  "fe80::/10",
  "ff00::/8",
]

/** `asserted` is what assertions name as an end; other texts than addresses are left out. */
export function outsideOf(snapshot: Snapshot, asserted: readonly string[]): readonly string[] {
  const taken = new Set([
    ...snapshot.pods.flatMap((pod) => pod.addresses),
    ...snapshot.nodes.flatMap((node) => node.addresses),
    ...snapshot.services.flatMap((service) => service.clusterIPs),
  ])
  const inside = snapshot.nodes.flatMap((node) => node.podCIDRs)
  const isOutside = (address: string) =>
    !taken.has(address) && !inAny(address, [...inside, ...impossible]) && !defaultOutside.includes(address)
  const named = asserted.filter((text) => isIP(text) !== 0 && isOutside(text))
  const inBlocks = blocksIn(snapshot.policies)
    .filter(
      (cidr) =>
        ![...defaultOutside, ...named].some(
          (address) => isIPv6(address) === isIPv6(cidr) && inAny(address, [cidr]),
        ),
    )
    .flatMap(
      (cidr) =>
        [1, 0]
          .map((offset) => addressIn(cidr, offset))
          .find((each) => each !== undefined && isOutside(each)) ?? [],
    )
  return [...new Set([...defaultOutside, ...named, ...inBlocks.slice(0, mostBlocks)])]
}

/** Every CIDR that a policy names, whatever its kind; those of whole families have the default outside in them. */
function blocksIn(value: unknown): readonly string[] {
  if (typeof value === "string") {
    const cidr = parseCidr(value)
    return cidr !== undefined && cidr.length >= 8 ? [cidr.text] : []
  }
  if (typeof value !== "object" || value === null) return []
  return [...new Set(Object.values(value).flatMap(blocksIn))]
}
