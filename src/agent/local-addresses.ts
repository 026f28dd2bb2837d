// What a node's ruleset says of its own pods: the keys of the dispatch maps, and the local ranges.

import { BlockList, isIPv6 } from "node:net"
import { isMapElement } from "nftables-json/expression"
import type {
  ElementList,
  Expression,
  Ruleset,
  RulesetObject,
  Transaction,
  Verdict,
} from "nftables-json/schema"
import { isVerdict } from "nftables-json/scope"
import type { LocalAddresses } from "./interfaces.ts"
import { words } from "./ipv6-words.ts"
import { DISPATCH_MAPS, elementsOf, keyOf } from "./narrows.ts"

/** How a pod is judged: the elements of its address in the maps `egress` and `ingress`. */
export interface PodVerdicts {
  egress?: Verdict
  ingress?: Verdict
}

export interface DispatchedAddresses extends LocalAddresses {
  readonly addresses: Map<string, PodVerdicts>
  readonly ranges: (readonly [string, string])[]
  /** The dispatch maps that there are: those of the families in use. */
  readonly maps: Set<string>
}

export function localAddressesIn(ruleset: Ruleset): DispatchedAddresses {
  const local: DispatchedAddresses = { addresses: new Map(), ranges: [], maps: new Set() }
  for (const object of ruleset) take(local, object)
  return local
}

/** What commands make of them. Ranges are immutable sets: a new one is added, an old one stays until the whole is read again. */
export function changeLocalAddresses(local: DispatchedAddresses, commands: Transaction): void {
  for (const command of commands) {
    const elements = elementsOf(command)
    if (elements === undefined) {
      if ("add" in command) take(local, command.add)
    } else if (DISPATCH_MAPS.has(elements.name)) {
      for (const element of elements.elem) {
        if ("add" in command) dispatch(local, elements.name, element)
        else withdraw(local, elements.name, element)
      }
    }
  }
}

function take(local: DispatchedAddresses, object: RulesetObject): void {
  if ("map" in object && DISPATCH_MAPS.has(object.map.name)) {
    local.maps.add(object.map.name)
    for (const element of object.map.elem ?? []) dispatch(local, object.map.name, element)
  }
  if ("set" in object && /^local[46]_/.test(object.set.name))
    local.ranges.push(...(object.set.elem ?? []).flatMap(rangeOf))
}

type DispatchElement = ElementList["elem"][number]

function dispatch({ addresses }: DispatchedAddresses, map: string, element: DispatchElement): void {
  if (!isMapElement(element)) return
  const [address, value] = element
  if (typeof address !== "string" || !isVerdict(value)) return
  addresses.set(address, { ...addresses.get(address), [directionOf(map)]: value })
}

/** An address is in an egress map and in an ingress map, and leaves them one after the other. */
function withdraw({ addresses }: DispatchedAddresses, map: string, element: DispatchElement): void {
  const address = keyOf(element)
  if (typeof address !== "string") return
  const { [directionOf(map)]: _gone, ...left } = addresses.get(address) ?? {}
  if (Object.keys(left).length > 0) addresses.set(address, left)
  else addresses.delete(address)
}

export function directionOf(map: string): keyof PodVerdicts {
  return map.startsWith("egress") ? "egress" : "ingress"
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
