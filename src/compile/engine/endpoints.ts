// Endpoints of nodes: an owned address with the classes of its pod, and what it makes its node need.

import type { Endpoint } from "../program.ts"
import { changesOf, type DeltaDraft, type NodeChanges } from "./delta-draft.ts"
import { addToSpan, countClass, discountClass, dropFromSpan } from "./span.ts"
import type { AddressRecord, ClassState, EngineState, NodeState, SharedSet } from "./state.ts"

/** Publishes the endpoint of every address that was touched. */
export function publishEndpoints({ batch }: EngineState, draft: DeltaDraft): void {
  const departures: Departure[] = []
  for (const record of batch.addresses) {
    const departure = publishEndpoint(draft, record)
    if (departure !== null) departures.push(departure)
  }
  for (const { node, ingress, egress } of departures) {
    const changes = changesOf(draft, node)
    leave(changes, node, ingress)
    leave(changes, node, egress)
  }
}

/** The endpoint of an address, where its owner has a node. */
export function endpointOf({ address, owner, ingress, egress }: AddressRecord): Endpoint | null {
  if (owner === null || ingress === null || egress === null) return null
  const { key, uid } = owner
  return { address, pod: key, uid, ingress: ingress.policyClass.key, egress: egress.policyClass.key }
}

interface Departure {
  readonly node: NodeState
  readonly ingress: ClassState
  readonly egress: ClassState
}

/** What the address was until now, where it is that no longer. */
function publishEndpoint(draft: DeltaDraft, record: AddressRecord): Departure | null {
  const before = departureOf(record)
  const identity = record.owner?.labelSet?.identity ?? null
  const node = identity === null ? null : (record.owner?.node ?? null)
  const ingress = node === null ? null : (identity?.ingress ?? null)
  const egress = node === null ? null : (identity?.egress ?? null)
  const same = record.ingress === ingress && record.egress === egress && before?.node === (node ?? undefined)
  if (same && isSameOwner(record)) return null
  record.ingress = ingress
  record.egress = egress
  if (before !== null && before.node !== node) {
    before.node.endpoints.delete(record)
    changesOf(draft, before.node).removedAddresses.push(record.address)
  }
  const endpoint = endpointOf(record)
  if (node !== null && ingress !== null && egress !== null && endpoint !== null) {
    node.endpoints.add(record)
    const changes = changesOf(draft, node)
    changes.endpoints.push(endpoint)
    if (before?.node === node) changes.changedAddresses.push(record.address)
    enter(draft, node, ingress)
    enter(draft, node, egress)
  }
  return before
}

function departureOf({ published, ingress, egress }: AddressRecord): Departure | null {
  const node = published?.node ?? null
  return node === null || ingress === null || egress === null ? null : { node, ingress, egress }
}

function isSameOwner({ owner, published }: AddressRecord): boolean {
  return owner?.key === published?.key && owner?.uid === published?.uid
}

function enter(draft: DeltaDraft, node: NodeState, entered: ClassState): void {
  if (!countClass(node, entered)) return
  const changes = changesOf(draft, node)
  changes.classes.added.push(entered)
  for (const set of entered.addressSets) {
    if (addToSpan(set, node)) changes.addressSets.added.push(gain(draft, node, set))
  }
  for (const set of entered.namedPortSets) {
    if (addToSpan(set, node)) changes.namedPortSets.added.push(gain(draft, node, set))
  }
}

function gain<T extends SharedSet>({ gained }: DeltaDraft, node: NodeState, set: T): T {
  const nodes = gained.get(set)
  if (nodes === undefined) gained.set(set, new Set([node]))
  else nodes.add(node)
  return set
}

function leave(changes: NodeChanges, node: NodeState, left: ClassState): void {
  if (!discountClass(node, left)) return
  changes.classes.removed.push(left)
  for (const set of left.addressSets) if (dropFromSpan(set, node)) changes.addressSets.removed.push(set)
  for (const set of left.namedPortSets) if (dropFromSpan(set, node)) changes.namedPortSets.removed.push(set)
}
