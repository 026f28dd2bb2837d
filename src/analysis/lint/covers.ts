// Whether one expression holds all that another holds, whatever pods there are: by what is written alone.
//
// A yes is certain; a no may be a yes that is not seen. What nothing can hold is covered by nothing here.

import { type Intervals, intervalsOfBlocks } from "../../compile/address-ranges.ts"
import { holdsAll } from "../../compile/interval.ts"
import type {
  AddressBlock,
  NamedPort,
  Peers,
  PodExpression,
  PortRange,
  Ports,
  Rule,
} from "../../compile/policy-ir.ts"
import type { Requirement, Selector } from "../../compile/selector.ts"
import type { Protocol } from "../../compile/snapshot.ts"

export function coversRule(general: Rule, special: Rule): boolean {
  return coversPorts(general.ports, special.ports) && coversPeers(general.peers, special.peers)
}

export function coversPods(general: PodExpression, special: PodExpression): boolean {
  return (
    coversSelector(namespaceSelector(general), namespaceSelector(special)) &&
    coversSelector(general.pods, special.pods)
  )
}

export function coversPeers(general: Peers, special: Peers): boolean {
  if (general.kind === "any") return true
  if (special.kind === "any" || isNobody(special)) return false
  if (
    isMuch(general.pods.length, special.pods.length) ||
    isMuch(general.blocks.length, special.blocks.length)
  )
    return false
  return (
    special.pods.every((each) => general.pods.some((other) => coversPods(other, each))) &&
    coversBlocks(general.blocks, special.blocks)
  )
}

/** Their union holds every address of the other's. */
export function coversBlocks(general: readonly AddressBlock[], special: readonly AddressBlock[]): boolean {
  if (special.length === 0) return true
  if (general.length === 0) return false
  const all = intervalsIn(general)
  const some = intervalsIn(special)
  return holdsAll(all.v4, some.v4) && holdsAll(all.v6, some.v6)
}

const knownIntervals = new WeakMap<object, Intervals>()

/** Of one block, or of a list as it stands in a rule: each is asked for again and again. */
export function intervalsIn(blocks: readonly AddressBlock[]): Intervals {
  const [first = blocks] = blocks
  const asked = blocks.length === 1 ? first : blocks
  const known = knownIntervals.get(asked)
  if (known !== undefined) return known
  const intervals = intervalsOfBlocks(blocks)
  knownIntervals.set(asked, intervals)
  return intervals
}

export function coversPorts(general: Ports, special: Ports): boolean {
  if (general.kind === "any") return true
  if (special.kind === "any" || (special.ranges.length === 0 && special.names.length === 0)) return false
  const parts = general.ranges.length + general.names.length
  if (isMuch(parts, special.ranges.length + special.names.length)) return false
  return (
    special.ranges.every((range) => coversRange(general.ranges, range)) &&
    special.names.every((name) => coversName(general, name))
  )
}

export function coversRange(general: readonly PortRange[], special: PortRange): boolean {
  if (
    general.some(
      (each) => each.protocol === special.protocol && each.from <= special.from && special.to <= each.to,
    )
  )
    return true
  return general.length > 1 && coveredTogether(general, special)
}

function coveredTogether(general: readonly PortRange[], { protocol, from, to }: PortRange): boolean {
  let covered = from
  for (const range of general
    .filter((each) => each.protocol === protocol)
    .toSorted((a, b) => a.from - b.from)) {
    if (range.from <= covered && covered <= range.to) covered = range.to + 1
  }
  return covered > to
}

export function coversName(
  { ranges, names }: { readonly ranges: readonly PortRange[]; readonly names: readonly NamedPort[] },
  { protocol, name }: NamedPort,
): boolean {
  return (
    names.some((each) => each.protocol === protocol && each.name === name) ||
    coversRange(ranges, everyPort(protocol))
  )
}

/** Every set of labels that `special` holds, `general` holds. */
export function coversSelector(general: Selector, special: Selector): boolean {
  if (isMuch(general.length, special.length)) return false
  return general.every((wanted) => special.some((given) => implies(given, wanted)))
}

function implies(given: Requirement, wanted: Requirement): boolean {
  if (given.key !== wanted.key) return false
  switch (wanted.op) {
    case "exists":
      return given.op === "exists" || given.op === "in"
    case "missing":
      return given.op === "missing"
    case "in":
      return given.op === "in" && given.values.isSubsetOf(wanted.values)
    case "not-in":
      if (given.op === "missing") return true
      if (given.op === "in") return given.values.isDisjointFrom(wanted.values)
      return given.op === "not-in" && given.values.isSupersetOf(wanted.values)
  }
}

/** A namespace by name is one by the label that the API server gives it. */
export function namespaceSelector({ namespaces }: PodExpression): Selector {
  if (namespaces.kind === "selector") return namespaces.selector
  return [{ op: "in", key: "kubernetes.io/metadata.name", values: new Set([namespaces.name]) }]
}

/** Every part is compared with every other. Somebody may write ten thousand of each; no person does. */
function isMuch(a: number, b: number): boolean {
  return a * b > 10_000
}

export function isNobody(peers: Peers): boolean {
  return peers.kind === "some" && peers.pods.length === 0 && peers.blocks.length === 0
}

/** Container ports are 1 to 65535. */
function everyPort(protocol: Protocol): PortRange {
  return { protocol, from: 1, to: 65535 }
}
