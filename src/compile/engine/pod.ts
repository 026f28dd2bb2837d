// Pods and the addresses they own.
//
// Host-network and finished pods own no address: theirs is the node's, or may be another pod's already. Where
// several others claim one address, the first by "namespace/name" owns it, whichever came first in time; the
// others have it neither as subject nor as member, until the owner goes.

import type { Pod } from "../snapshot.ts"
import { NONE, sizeOf, withItem, withoutItem } from "./bag.ts"
import { touchAddress } from "./batch.ts"
import { labelSetOf } from "./identity.ts"
import { namespaceNamed } from "./namespace.ts"
import { nodeNamed, releaseNode } from "./node.ts"
import type { AddressRecord, EngineState, PodRecord } from "./state.ts"

export function setPod(state: EngineState, pod: Pod): void {
  const key = podKey(pod.namespace, pod.name)
  const before = state.pods.get(key)
  const record = createPod(state, pod, key)
  state.pods.set(key, record)
  if (before !== undefined) withdraw(state, before)
  if (record.labelSet !== null) record.labelSet.pods = withItem(record.labelSet.pods, record)
  for (const each of record.addresses) claim(state, each, record)
}

export function deletePod(state: EngineState, namespace: string, name: string): void {
  const key = podKey(namespace, name)
  const record = state.pods.get(key)
  if (record === undefined) return
  state.pods.delete(key)
  withdraw(state, record)
}

function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

function createPod(state: EngineState, pod: Pod, key: string): PodRecord {
  const { uid, hostNetwork, finished } = pod
  const node = pod.node === "" ? null : nodeNamed(state, pod.node)
  if (node !== null) node.pods += 1
  const owns = !hostNetwork && !finished
  return {
    key,
    uid: uid === "" ? key : uid,
    node,
    labelSet: owns ? labelSetOf(state, namespaceNamed(state, pod.namespace), pod) : null,
    addresses: owns ? addressesNamed(state, pod.addresses) : NONE,
  }
}

function withdraw(state: EngineState, pod: PodRecord): void {
  for (const each of pod.addresses) disclaim(state, each, pod)
  if (pod.node !== null) releaseNode(state, pod.node)
  const { labelSet } = pod
  if (labelSet === null) return
  labelSet.pods = withoutItem(labelSet.pods, pod)
  if (sizeOf(labelSet.pods) === 0) state.batch.unused.labelSets.push(labelSet)
}

function addressesNamed(state: EngineState, addresses: readonly string[]): readonly AddressRecord[] {
  const distinct = addresses.length > 1 ? [...new Set(addresses)] : addresses
  return distinct.map((address) => addressNamed(state, address))
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
  return made
}

function claim(state: EngineState, record: AddressRecord, pod: PodRecord): void {
  touchAddress(state, record)
  if (record.owner === null) record.owner = pod
  else settleClaims(record, [record.owner, ...record.rivals, pod])
}

function disclaim(state: EngineState, record: AddressRecord, pod: PodRecord): void {
  touchAddress(state, record)
  const claims = record.owner === null ? [] : [record.owner, ...record.rivals]
  settleClaims(
    record,
    claims.filter((each) => each !== pod),
  )
}

function settleClaims(record: AddressRecord, claims: readonly PodRecord[]): void {
  const owner = claims.reduce<PodRecord | null>(
    (first, each) => (first === null || each.key < first.key ? each : first),
    null,
  )
  record.owner = owner
  record.rivals = claims.filter((each) => each !== owner)
}
