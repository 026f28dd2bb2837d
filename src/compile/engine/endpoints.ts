// Endpoints of nodes: owned addresses with the classes of their pods.

import type { Endpoint } from "../program.ts"
import { touchNode } from "./batch.ts"
import type { AddressRecord, ClassState, EngineState, PodRecord } from "./state.ts"

/** Where the address has an owner with a node. */
export function endpointOf({ address, owner, ingress, egress }: AddressRecord): Endpoint | null {
  if (owner === null || ingress === null || egress === null) return null
  return {
    address,
    pod: podName(owner),
    uid: uidOf(owner),
    ingress: ingress.policyClass.key,
    egress: egress.policyClass.key,
  }
}

export function podName({ namespace, key }: PodRecord): string {
  return `${namespace.key}/${key}`
}

/** Its name where it has none. */
export function uidOf(pod: PodRecord): string {
  return pod.uid === "" ? podName(pod) : pod.uid
}

function isSamePod(a: PodRecord | null, b: PodRecord | null): boolean {
  if (a === null || b === null || a === b) return a === b
  return a.key === b.key && a.namespace === b.namespace && a.uid === b.uid
}

/** Notes what has changed with the nodes it concerns; before the owner of the address is published. */
export function publishEndpoint(state: EngineState, record: AddressRecord): void {
  const { address, owner, published } = record
  const nodeBefore = record.ingress === null ? null : (published?.node ?? null)
  const node = owner?.node ?? null
  const identity = node === null ? undefined : owner?.labelSet?.identity
  const ingress = identity?.ingress ?? null
  const egress = identity?.egress ?? null
  const sameClasses = record.ingress === ingress && record.egress === egress
  const samePod = isSamePod(owner, published)
  if (node === nodeBefore && sameClasses && samePod) return
  const keepsAccess = samePod && widens(record.ingress, ingress) && widens(record.egress, egress)
  record.ingress = ingress
  record.egress = egress
  if (nodeBefore !== null && nodeBefore !== node) {
    const changes = touchNode(state, nodeBefore)
    changes.removedAddresses.push(address)
    changes.narrows = true
  }
  if (node === null) return
  const changes = touchNode(state, node)
  if (nodeBefore === node) {
    changes.changedAddresses.push(address)
    changes.narrows ||= !keepsAccess
  }
  if (ingress !== null) changes.arrived.push(record)
}

/** Proven to take nothing away: the other class is the same, or lets everything pass. */
export function widens(before: ClassState | null, after: ClassState | null): boolean {
  if (before === after) return true
  return after !== null && (after.policyClass.observed || after.policyClass.stages.length === 0)
}
