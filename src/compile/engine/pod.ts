// Pods and the addresses they own.
//
// Host-network and finished pods own no address: theirs is the node's, or may be another pod's already. Where
// several others claim one address, the first by "namespace/name" owns it, whichever came first in time; the
// others have it neither as subject nor as member, until the owner goes.

import { familyOf } from "../address-ranges.ts"
import type { Pod } from "../snapshot.ts"
import { findKey, hasItem, NONE, visitItems, withItem, withKey, withoutKey } from "./bag.ts"
import { touchAddress, touchNode } from "./batch.ts"
import { findDescription } from "./description.ts"
import { podName } from "./endpoints.ts"
import { labelSetOf } from "./identity.ts"
import { namespaceNamed } from "./namespace.ts"
import { nodeNamed } from "./node.ts"
import { startAwaiting, stopAwaiting } from "./pending.ts"
import { put, take } from "./positioned-list.ts"
import type { AddressRecord, EngineState, NamespaceState, PodRecord } from "./state.ts"

export function setPod(state: EngineState, pod: Pod): void {
  const namespace = namespaceNamed(state, pod.namespace)
  const before = findKey(namespace.pods, pod.name)
  const record = createPod(state, namespace, pod)
  if (before !== undefined) withdraw(state, before)
  noteHostPod(state, namespace, pod)
  if (before?.labelSet !== record.labelSet || before?.node !== record.node) {
    notePopulation(state, before)
    notePopulation(state, record)
  }
  namespace.pods = withKey(namespace.pods, record)
  const { labelSet, node } = record
  if (node !== null) node.pods = put(node.pods, record, "onNode")
  if (labelSet === null) return
  labelSet.pods = put(labelSet.pods, record, "inLabelSet")
  for (const address of pod.addresses) claim(state, address, record)
  if (record.addresses === null) startAwaiting(state, record)
}

export function deletePod(state: EngineState, namespace: string, name: string): void {
  const pods = findKey(state.namespaces.items, namespace)?.pods ?? null
  const record = findKey(pods, name)
  if (record === undefined) return
  withdraw(state, record)
  notePopulation(state, record)
}

function notePopulation({ batch }: EngineState, pod: PodRecord | undefined): void {
  if (batch.number > 1 && pod !== undefined && pod.labelSet !== null) batch.populations.add(pod.labelSet)
}

function noteHostPod({ batch }: EngineState, namespace: NamespaceState, pod: Pod): void {
  if (!pod.hostNetwork || pod.finished) return
  const noted = { key: pod.name, namespace, labels: pod.labels }
  namespace.hostPods = withKey(namespace.hostPods, noted)
  batch.hostPods.push(noted)
}

function createPod(state: EngineState, namespace: NamespaceState, pod: Pod): PodRecord {
  const owns = !pod.hostNetwork && !pod.finished
  const node = pod.node === "" ? null : nodeNamed(state, pod.node)
  if (node !== null && node.pods.length === 0) touchNode(state, node)
  return {
    key: pod.name,
    namespace,
    uid: pod.uid,
    node,
    labelSet: owns ? labelSetOf(state, namespace, findDescription(state, pod.labels, pod.ports)) : null,
    addresses: null,
    inLabelSet: 0,
    onNode: 0,
  }
}

function withdraw(state: EngineState, pod: PodRecord): void {
  const { namespace, labelSet, node } = pod
  if (pod.addresses === null) stopAwaiting(state, pod)
  visitItems(pod.addresses, (each) => disclaim(state, each, pod))
  namespace.pods = withoutKey(namespace.pods, pod)
  state.batch.unused.namespaces.push(namespace)
  if (node !== null) {
    if (node.pods.length === 1) touchNode(state, node)
    take(node.pods, pod, "onNode")
  }
  if (labelSet === null) {
    const hostPod = findKey(namespace.hostPods, pod.key)
    if (hostPod === undefined) return
    namespace.hostPods = withoutKey(namespace.hostPods, hostPod)
    state.batch.hostPods.push(hostPod)
    return
  }
  take(labelSet.pods, pod, "inLabelSet")
  if (labelSet.pods.length === 0) state.batch.unused.labelSets.push(labelSet)
}

function addressNamed(state: EngineState, address: string): AddressRecord {
  const known = state.addresses.get(address)
  if (known !== undefined) return known
  const made: AddressRecord = {
    address,
    owner: null,
    rivals: NONE,
    published: null,
    ingress: null,
    egress: null,
    touched: false,
  }
  state.addresses.set(address, made)
  state.families[familyOf(address)] += 1
  return made
}

/** With the last that claimed it. */
export function removeAddress({ addresses, families }: EngineState, { address }: AddressRecord): void {
  addresses.delete(address)
  families[familyOf(address)] -= 1
}

function claim(state: EngineState, address: string, pod: PodRecord): void {
  const record = addressNamed(state, address)
  if (hasItem(pod.addresses, record)) return
  pod.addresses = withItem(pod.addresses, record)
  touchAddress(state, record)
  if (record.owner === null) record.owner = pod
  else settleClaims(record, [record.owner, ...record.rivals, pod])
}

function disclaim(state: EngineState, record: AddressRecord, pod: PodRecord): void {
  touchAddress(state, record)
  const claims = record.owner === null ? NONE : [record.owner, ...record.rivals]
  settleClaims(
    record,
    claims.filter((each) => each !== pod),
  )
}

function settleClaims(record: AddressRecord, claims: readonly PodRecord[]): void {
  const [owner, ...rivals] = claims.toSorted((a, b) => (podName(a) < podName(b) ? -1 : 1))
  record.owner = owner ?? null
  record.rivals = rivals.length === 0 ? NONE : rivals
}
