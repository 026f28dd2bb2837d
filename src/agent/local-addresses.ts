// What a node's ruleset says of its own pods: the keys of the dispatch maps, and the local ranges.

import { BlockList, isIPv6 } from "node:net"
import type { Expression, Ruleset, RulesetObject, Transaction } from "nftables-json/schema"
import type { LocalAddresses } from "./interfaces.ts"
import { words } from "./ipv6-words.ts"
import { DISPATCH_MAPS, elementsOf, keyOf } from "./narrows.ts"

/** Addresses with the number of dispatch maps that hold them. */
export interface CountedAddresses extends LocalAddresses {
  readonly addresses: Map<string, number>
  readonly ranges: (readonly [string, string])[]
}

export function localAddressesIn(ruleset: Ruleset): CountedAddresses {
  const local: CountedAddresses = { addresses: new Map(), ranges: [] }
  for (const object of ruleset) take(local, object)
  return local
}

/** What commands make of them. Ranges are immutable sets: a new one is added, an old one stays until the whole is read again. */
export function changeLocalAddresses(local: CountedAddresses, commands: Transaction): void {
  for (const command of commands) {
    const elements = elementsOf(command)
    if (elements === undefined) {
      if ("add" in command) take(local, command.add)
    } else if (DISPATCH_MAPS.has(elements.name)) {
      for (const element of elements.elem) count(local, keyOf(element), "add" in command ? 1 : -1)
    }
  }
}

function take(local: CountedAddresses, object: RulesetObject): void {
  if ("map" in object && DISPATCH_MAPS.has(object.map.name)) {
    for (const element of object.map.elem ?? []) count(local, keyOf(element), 1)
  }
  if ("set" in object && /^local[46]_/.test(object.set.name))
    local.ranges.push(...(object.set.elem ?? []).flatMap(rangeOf))
}

/** An address is in an egress map and in an ingress map, and leaves them one after the other. */
function count({ addresses }: CountedAddresses, key: Expression, step: 1 | -1): void {
  if (typeof key !== "string") return
  const now = (addresses.get(key) ?? 0) + step
  if (now > 0) addresses.set(key, now)
  else addresses.delete(key)
}

export function isInRanges(local: LocalAddresses): (address: string) => boolean {
  const list = new BlockList()
  for (const [from, to] of local.ranges) list.addRange(from, to, isIPv6(from) ? "ipv6" : "ipv4")
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4")
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

/** Of a block. Host bits are masked in what nft, routes and the renderer say, so only the end has to be computed. */
export function boundsOf(address: string, length: number): readonly [string, string] {
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
