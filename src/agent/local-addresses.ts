// What a node's ruleset says of its own pods: the keys of the dispatch maps, and the local ranges.

import { BlockList, isIPv6 } from "node:net"
import type { Expression, Ruleset } from "nftables-json/schema"
import type { LocalAddresses } from "./interfaces.ts"
import { words } from "./ipv6-words.ts"
import { DISPATCH_MAPS, keyOf } from "./narrows.ts"

export function localAddressesIn(ruleset: Ruleset): LocalAddresses {
  const addresses = new Set<string>()
  const ranges: (readonly [string, string])[] = []
  for (const object of ruleset) {
    if ("map" in object && DISPATCH_MAPS.has(object.map.name)) {
      for (const element of object.map.elem ?? []) addTo(addresses, keyOf(element))
    }
    if ("set" in object && /^local[46]_/.test(object.set.name))
      ranges.push(...(object.set.elem ?? []).flatMap(rangeOf))
  }
  return { addresses, ranges }
}

export function isInRanges(local: LocalAddresses): (address: string) => boolean {
  const list = new BlockList()
  for (const [from, to] of local.ranges) list.addRange(from, to, isIPv6(from) ? "ipv6" : "ipv4")
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4")
}

function addTo(addresses: Set<string>, key: Expression): void {
  if (typeof key === "string") addresses.add(key)
}

function rangeOf(element: Expression): readonly (readonly [string, string])[] {
  if (typeof element === "string") return [[element, element]]
  if (typeof element !== "object" || Array.isArray(element)) return []
  if ("range" in element && typeof element.range[0] === "string" && typeof element.range[1] === "string") {
    return [[element.range[0], element.range[1]]]
  }
  if (!("prefix" in element) || typeof element.prefix.addr !== "string") return []
  return [boundsOf(element.prefix.addr, element.prefix.len)]
}

/** Host bits are masked in what nft and the renderer write, so only the end has to be computed. */
function boundsOf(address: string, length: number): readonly [string, string] {
  if (!isIPv6(address)) {
    const first = address.split(".").reduce((value, byte) => value * 256 + Number(byte), 0)
    const last = first + 2 ** (32 - length) - 1
    return [address, [24, 16, 8, 0].map((shift) => (last >>> shift) & 255).join(".")]
  }
  const all = words(address).map((word, i) => {
    const free = Math.min(32, Math.max(0, 32 * (i + 1) - length))
    return word + (2 ** free - 1)
  })
  return [
    address,
    all
      .flatMap((word) => [word >>> 16, word & 0xffff])
      .map((group) => group.toString(16))
      .join(":"),
  ]
}
