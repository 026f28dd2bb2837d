// What a lab is made of: nodes, pods and Services as network namespaces know them, without labels or policies.

import type { Protocol } from "../compile/snapshot.ts"

/** How a node's pods are joined: ports of one bridge as the CNI plugin `bridge` makes them, or veths with a route each as `ptp` does. */
export type NodeNetwork = "bridge" | "routed"

export interface LabNodeSpec {
  readonly name: string
  readonly network: NodeNetwork
  /** Its addresses in the underlay, at least one. */
  readonly addresses: readonly string[]
  readonly podCIDRs: readonly string[]
}

export interface LabPodSpec {
  readonly namespace: string
  readonly name: string
  readonly node: string
  /** Addresses of its own; [] for a pod in the node's network. */
  readonly addresses: readonly string[]
}

export interface LabBackend {
  readonly address: string
  readonly port: number
}

export interface LabServicePort {
  readonly protocol: Protocol
  readonly port: number
  readonly nodePort: number | null
  readonly backends: readonly LabBackend[]
}

export interface LabServiceSpec {
  readonly namespace: string
  readonly name: string
  readonly clusterIPs: readonly string[]
  readonly ports: readonly LabServicePort[]
}

export interface LabSpec {
  readonly nodes: readonly LabNodeSpec[]
  readonly pods: readonly LabPodSpec[]
  readonly services: readonly LabServiceSpec[]
  /** Addresses of the host outside the cluster. */
  readonly outside: readonly string[]
}

/** "namespace/name". */
export function podReference(pod: { readonly namespace: string; readonly name: string }): string {
  return `${pod.namespace}/${pod.name}`
}

export function isIPv6(address: string): boolean {
  return address.includes(":")
}
