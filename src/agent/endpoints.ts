// Whose a local address is, and how it is judged: what the program says, and what the CNI plugin said since.
//
// The plugin speaks when a pod is attached, 0.2 to 2 s before the API has the address. So it is right where the two
// disagree, and the program is right about everything that the plugin does not speak of. Pure.

import { isIPv6 } from "node:net"
import type { Plan } from "nftables-json/plan"
import type { Command, MapElement, Transaction } from "nftables-json/schema"
import type { Binding } from "../wire/node-ruleset.ts"
import { type DispatchedAddresses, directionOf, type PodVerdicts } from "./local-addresses.ts"
import { DISPATCH_MAPS, elementsOf, keyOf } from "./narrows.ts"

/** Uids of pods by local address. */
export type AddressOwners = ReadonlyMap<string, string>

export interface ProgramEndpoints {
  readonly local: Pick<DispatchedAddresses, "addresses" | "maps">
  readonly owners: AddressOwners
  readonly bindings: readonly Binding[]
}

/** Addresses that are not judged as the program says: by other verdicts, or (no verdicts) denied. */
export type Overlay = ReadonlyMap<string, PodVerdicts>

export const NO_OVERLAY: Overlay = new Map()
const DENIED: PodVerdicts = {}

export interface NodeSide {
  /** What CNI results say. */
  readonly attached: AddressOwners
  /** Denied until the connections of their last owner are gone. */
  readonly withheld: ReadonlySet<string>
}

export const NO_SIDE: NodeSide = { attached: new Map(), withheld: new Set() }

export function overlayOf(program: ProgramEndpoints, { attached, withheld }: NodeSide): Overlay {
  const overlay = new Map<string, PodVerdicts>()
  if (attached.size > 0) {
    const verdicts = verdictsByUid(program)
    for (const [address, uid] of attached) {
      const isKnown = program.local.addresses.has(address)
      const owner = program.owners.get(address)
      if (isKnown && (owner === undefined || owner === uid)) continue
      const found = verdicts.get(uid)
      if (found !== undefined || isKnown) overlay.set(address, found ?? DENIED)
    }
  }
  for (const address of withheld) overlay.set(address, DENIED)
  return overlay
}

/** A pod whose sandbox was made anew has another address than the program knows, and is judged the same. */
function verdictsByUid({ local, owners, bindings }: ProgramEndpoints): ReadonlyMap<string, PodVerdicts> {
  const verdicts = new Map<string, PodVerdicts>()
  for (const [address, uid] of owners) {
    const known = local.addresses.get(address)
    if (known?.egress !== undefined && known.ingress !== undefined) verdicts.set(uid, known)
  }
  for (const { uid, egress, ingress } of bindings) verdicts.set(uid, { egress, ingress })
  return verdicts
}

/** Who has an address now, whoever said so. */
export function ownersNow(program: AddressOwners, attached: AddressOwners): AddressOwners {
  return new Map([...program, ...attached])
}

/** Elements of one dispatch map as they are with the overlay. */
export function overlaid(
  map: string,
  elements: readonly MapElement[],
  overlay: Overlay,
): readonly MapElement[] {
  const kept = elements.filter(([address]) => typeof address !== "string" || !overlay.has(address))
  const own = [...overlay].flatMap(([address, verdicts]): readonly MapElement[] => {
    const verdict = isIPv6(address) === map.endsWith("6") ? verdicts[directionOf(map)] : undefined
    return verdict === undefined ? [] : [[address, verdict]]
  })
  return [...kept, ...own]
}

/** How the addresses are judged, as a copy: a program changes in place. */
export function judgedAs(program: ProgramEndpoints, overlay: Overlay, addresses: Iterable<string>): Overlay {
  return new Map(
    [...addresses].map((each) => [each, overlay.get(each) ?? program.local.addresses.get(each) ?? DENIED]),
  )
}

/** Brings the dispatch elements of the addresses from one to the other: deletions first, one key may come back. */
export function dispatchCommands(before: Overlay, after: Overlay, maps: ReadonlySet<string>): Transaction {
  const gone: Command[] = []
  const come: Command[] = []
  for (const name of DISPATCH_MAPS) {
    if (!maps.has(name)) continue
    for (const [address, verdicts] of after) {
      if (isIPv6(address) !== name.endsWith("6")) continue
      const direction = directionOf(name)
      const was = before.get(address)?.[direction]
      const is = verdicts[direction]
      if (JSON.stringify(was) === JSON.stringify(is)) continue
      const list = { family: "inet", table: "postern", name } as const
      if (was !== undefined) gone.push({ delete: { element: { ...list, elem: [[address, was]] } } })
      if (is !== undefined) come.push({ add: { element: { ...list, elem: [[address, is]] } } })
    }
  }
  return [...gone, ...come]
}

/** The plan without what it does to the dispatch elements of these addresses. */
export function withoutDispatchOf(plan: Plan, addresses: Overlay): Plan {
  const flip = plan.flip.flatMap((command): readonly Command[] => {
    const elements = elementsOf(command)
    if (elements === undefined || !DISPATCH_MAPS.has(elements.name)) return [command]
    const elem = elements.elem.filter((element) => {
      const key = keyOf(element)
      return typeof key !== "string" || !addresses.has(key)
    })
    if (elem.length === elements.elem.length) return [command]
    if (elem.length === 0) return []
    const element = { ...elements, elem }
    return ["add" in command ? { add: { element } } : { delete: { element } }]
  })
  return { ...plan, flip }
}
