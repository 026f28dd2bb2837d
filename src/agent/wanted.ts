// The whole ruleset that a node should have: the program, and what the agent adds of its own.
//
// Pure: the same program, surroundings and generation give the same ruleset, however they came about.

import { isIPv6 } from "node:net"
import type { MapElement, NftMap, NftSet, Ruleset, RulesetObject, Verdict } from "nftables-json/schema"
import { antispoofRuleset } from "./antispoof.ts"
import { type Overlay, overlaid } from "./endpoints.ts"
import { type Generation, withGeneration } from "./generation.ts"
import type { LocalAddresses, Surroundings } from "./interfaces.ts"
import { isInRanges, localAddressesIn } from "./local-addresses.ts"
import { DISPATCH_MAPS, keyOf } from "./narrows.ts"
import { observed } from "./observing.ts"

/** What becomes of pods on this node that the program does not know (yet). */
export type UnknownPods = "deny" | "allow"

export interface Additions {
  readonly surroundings: Surroundings
  readonly unknownPods: UnknownPods
  readonly overlay: Overlay
}

export function wantedRuleset(program: Ruleset, additions: Additions, generation: Generation): Ruleset {
  const { surroundings, overlay } = additions
  const explicit = explicitAddresses(localAddressesIn(program), additions)
  const filled = program.map((object) => withOwnElements(object, { surroundings, overlay, explicit }))
  const ports = { known: surroundings.ports, unknown: surroundings.unknownPorts }
  const antispoof = antispoofRuleset(ports)
  return [
    ...withGeneration(filled, generation),
    ...(letsSpoofedPass(program) ? observed(antispoof) : antispoof),
  ]
}

/** A program that is only observed says so in the chain for spoofed sources: so does what the agent adds then. */
function letsSpoofedPass(program: Ruleset): boolean {
  const rules = program.flatMap((object) => ("rule" in object ? [object.rule] : []))
  const ends = rules.findLast(({ chain }) => chain === "drop_spoofed")
  return ends?.expr.some((statement) => "accept" in statement) === true
}

/** Addresses of pods found on this node that the program does not know and the setting lets through. */
export function explicitAddresses(local: LocalAddresses, additions: Additions): readonly string[] {
  if (additions.unknownPods === "deny") return []
  const isLocal = isInRanges(local)
  return [...additions.surroundings.pods.keys()]
    .filter((address) => isLocal(address) && !local.addresses.has(address) && !additions.overlay.has(address))
    .sort()
}

/**
 * The program after a reboot: its classes without the pods and peers, whose addresses may belong to others now.
 * Every local pod is then unknown, until someone says what runs here.
 */
export function withoutAddresses(program: Ruleset): Ruleset {
  return program.map((object) => {
    if ("map" in object && DISPATCH_MAPS.has(object.map.name)) return { map: emptied(object.map) }
    if ("set" in object && object.set.flags?.includes("interval") !== true)
      return { set: emptied(object.set) }
    return object
  })
}

function emptied<T extends NftSet | NftMap>(set: T): Omit<T, "elem"> {
  const { elem: _, ...definition } = set
  return definition
}

interface OwnElements {
  readonly surroundings: Surroundings
  readonly overlay: Overlay
  readonly explicit: readonly string[]
}

function withOwnElements(object: RulesetObject, own: OwnElements): RulesetObject {
  const { surroundings, overlay, explicit } = own
  if ("set" in object && object.set.name === "pod_interfaces") {
    return { set: { ...object.set, elem: surroundings.podInterfaces } }
  }
  if (!("map" in object) || !DISPATCH_MAPS.has(object.map.name)) return object
  if (explicit.length + overlay.size === 0) return object
  const elem = overlaid(object.map.name, object.map.elem ?? [], overlay)
  return { map: { ...object.map, elem: [...elem, ...explicitElements(object.map, explicit)] } }
}

function explicitElements(map: NftMap, explicit: readonly string[]): readonly MapElement[] {
  // As the renderer writes a pod that no policy selects: judging of egress returns, ingress is stamped.
  const verdict: Verdict = map.name.startsWith("egress") ? { return: null } : { goto: { target: "stamp" } }
  const known = new Set(map.elem?.map(keyOf))
  return explicit
    .filter((address) => isIPv6(address) === map.name.endsWith("6") && !known.has(address))
    .map((address) => [address, verdict])
}
