// The cluster of the data path tests: a bridged node with three pods, a routed one with two, dual-stack.

import type { Change, Pod } from "../../src/compile/snapshot.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"
import type { Cluster } from "./cluster.ts"

/** node-a is bridged, node-b routed: the lab's default. */
export const nodes = [
  node("node-a", { addresses: ["192.168.0.1", "fd00::1"], podCIDRs: ["10.0.1.0/24", "fd01:1::/64"] }),
  node("node-b", { addresses: ["192.168.0.2", "fd00::2"], podCIDRs: ["10.0.2.0/24", "fd01:2::/64"] }),
]

export const pods = {
  server: shopPod("server", "node-a", 2),
  client: shopPod("client", "node-a", 3),
  other: shopPod("other", "node-a", 4),
  far: shopPod("far", "node-b", 2),
  farther: shopPod("farther", "node-b", 3),
}

export const shop = snapshot({ namespaces: { shop: {} }, nodes, pods: Object.values(pods) })

/** References of their namespaces. */
export const at = {
  server: "shop/server",
  client: "shop/client",
  other: "shop/other",
  far: "shop/far",
  farther: "shop/farther",
} as const

export function shopPod(name: string, on: "node-a" | "node-b", number: number, rest: Partial<Pod> = {}): Pod {
  const net = on === "node-a" ? 1 : 2
  return pod(name, { node: on, addresses: [`10.0.${net}.${number}`, `fd01:${net}::${number}`], ...rest })
}

export function v4(pod: Pod): string {
  return pod.addresses[0] ?? ""
}

export function v6(pod: Pod): string {
  return pod.addresses[1] ?? ""
}

export const selects = (name: string): { readonly podSelector: unknown } => ({
  podSelector: { matchLabels: { app: name } },
})

export function policy(name: string, spec: unknown): Change {
  return { kind: "policy", op: "set", value: networkPolicy(name, spec) }
}

export function noPolicy(name: string): Change {
  return { kind: "policy", op: "delete", policyKind: "NetworkPolicy", namespace: "shop", name }
}

/** Denies the pod one or both directions. */
export function deny(name: string, ...policyTypes: readonly ("Ingress" | "Egress")[]): Change {
  return policy(`deny-${name}`, { ...selects(name), policyTypes })
}

/** Removes the policies that a test has made. */
export async function withoutPolicies(cluster: Cluster, ...names: readonly string[]): Promise<void> {
  await cluster.apply(...names.map(noPolicy))
}
