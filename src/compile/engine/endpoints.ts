// Endpoints of nodes: an owned address with the classes of its pod, and what it makes its node need.

import type { ClassKey, Endpoint } from "../program.ts"
import { changesOf, type DeltaDraft, type NodeChanges } from "./delta-draft.ts"
import { countClass, countSet, discountClass, discountSet } from "./span.ts"
import type { AddressRecord, ClassState, EngineState, NodeState, Span } from "./state.ts"

/** Publishes the endpoint of every address that was touched. */
export function publishEndpoints(state: EngineState, draft: DeltaDraft): void {
  const departures: Departure[] = []
  for (const record of state.batch.addresses) {
    const departure = publishEndpoint(state, draft, record)
    if (departure !== null) departures.push(departure)
  }
  for (const { node, endpoint } of departures) {
    leave(state, changesOf(draft, node), { node, key: endpoint.ingress })
    leave(state, changesOf(draft, node), { node, key: endpoint.egress })
  }
}

interface Departure {
  readonly node: NodeState
  readonly endpoint: Endpoint
}

/** What the address was until now, where it is that no longer. */
function publishEndpoint(state: EngineState, draft: DeltaDraft, record: AddressRecord): Departure | null {
  const { address, owner, published, endpoint: before } = record
  const nodeBefore = before === null ? null : (published?.node ?? null)
  const after = endpointOf(record)
  const node = after === null ? null : (owner?.node ?? null)
  if (node === nodeBefore && isSame(before, after)) return null
  record.endpoint = after
  if (nodeBefore !== null && nodeBefore !== node) {
    nodeBefore.endpoints.delete(record)
    changesOf(draft, nodeBefore).removedAddresses.push(address)
  }
  if (node !== null && after !== null) {
    node.endpoints.add(record)
    const changes = changesOf(draft, node)
    changes.endpoints.push(after)
    if (nodeBefore === node) changes.changedAddresses.push(address)
    enter(state, draft, { node, key: after.ingress })
    enter(state, draft, { node, key: after.egress })
  }
  return before === null || nodeBefore === null ? null : { node: nodeBefore, endpoint: before }
}

function endpointOf({ address, owner }: AddressRecord): Endpoint | null {
  if (owner === null || owner.node === null || owner.labelSet === null) return null
  const { ingress, egress } = owner.labelSet.identity
  if (ingress === null || egress === null) return null
  return {
    address,
    pod: owner.key,
    uid: owner.uid,
    ingress: ingress.policyClass.key,
    egress: egress.policyClass.key,
  }
}

function isSame(a: Endpoint | null, b: Endpoint | null): boolean {
  if (a === null || b === null) return a === b
  return a.pod === b.pod && a.uid === b.uid && a.ingress === b.ingress && a.egress === b.egress
}

interface NodeClass {
  readonly node: NodeState
  readonly key: ClassKey
}

function enter(state: EngineState, draft: DeltaDraft, { node, key }: NodeClass): void {
  const entered = classWithKey(state, key)
  if (!countClass(node, entered)) return
  const changes = changesOf(draft, node)
  changes.classes.added.push(entered)
  for (const set of entered.addressSets) {
    if (countSet(set.span, node)) changes.addressSets.added.push(gain(draft, node, set))
  }
  for (const set of entered.namedPortSets) {
    if (countSet(set.span, node)) changes.namedPortSets.added.push(gain(draft, node, set))
  }
}

function gain<T extends { readonly span: Span }>({ gained }: DeltaDraft, node: NodeState, set: T): T {
  const nodes = gained.get(set.span)
  if (nodes === undefined) gained.set(set.span, new Set([node]))
  else nodes.add(node)
  return set
}

function leave(state: EngineState, changes: NodeChanges, { node, key }: NodeClass): void {
  const left = classWithKey(state, key)
  if (!discountClass(node, left)) return
  changes.classes.removed.push(left)
  for (const set of left.addressSets) if (discountSet(set.span, node)) changes.addressSets.removed.push(set)
  for (const set of left.namedPortSets)
    if (discountSet(set.span, node)) changes.namedPortSets.removed.push(set)
}

function classWithKey({ classes }: EngineState, key: ClassKey): ClassState {
  const found = classes.get(key)
  if (found === undefined) throw new Error(`an endpoint has a class that is not there: ${key}`)
  return found
}
