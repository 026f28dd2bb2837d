// A node reaches the pods that run on it whatever policies say (probes of the kubelet), and a host-network pod is
// its node.

import type { AddressFamily, Pod } from "../compile/snapshot.ts"
import type { ClusterView } from "./cluster-view.ts"

type Families = ReadonlySet<AddressFamily>

/** Families of addresses by node. A pod that is not scheduled is on none. */
export interface NodePresence {
  readonly hosts: ReadonlyMap<string, Families>
  readonly pods: ReadonlyMap<string, Families>
}

export function presenceOf(pods: readonly Pod[], view: ClusterView): NodePresence {
  const presence = {
    hosts: new Map<string, Set<AddressFamily>>(),
    pods: new Map<string, Set<AddressFamily>>(),
  }
  for (const pod of pods) {
    const places = view.identityOf(pod)?.places ?? []
    if (pod.node === "" || places.length === 0) continue
    const nodes = pod.hostNetwork ? presence.hosts : presence.pods
    const families = nodes.get(pod.node) ?? new Set<AddressFamily>()
    nodes.set(pod.node, families)
    for (const { family } of places) families.add(family)
  }
  return presence
}

/** Some host-network pod of the source runs on the node of some pod of the destination. */
export function sharesNode({ hosts }: NodePresence, { pods }: NodePresence): boolean {
  const [few, many] = hosts.size < pods.size ? [hosts, pods] : [pods, hosts]
  for (const [node, families] of few) {
    const others = many.get(node)
    if (others !== undefined && !families.isDisjointFrom(others)) return true
  }
  return false
}
