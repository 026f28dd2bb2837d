// Small clusters for tests, with what a test does not care about filled in.

import type { Node, Pod, PolicyObject, Service, Snapshot } from "../src/compile/snapshot.ts"

export function pod(name: string, rest: Partial<Omit<Pod, "name">> = {}): Pod {
  return {
    namespace: "shop",
    name,
    uid: `uid-${rest.namespace ?? "shop"}-${name}`,
    labels: { app: name },
    node: "node-a",
    addresses: [],
    hostNetwork: false,
    finished: false,
    ports: [],
    ...rest,
  }
}

export function node(name: string, rest: Partial<Omit<Node, "name">> = {}): Node {
  return { name, labels: {}, addresses: [], podCIDRs: [], ...rest }
}

export function service(name: string, rest: Partial<Omit<Service, "name">> = {}): Service {
  return { namespace: "shop", name, selector: {}, clusterIPs: [], ports: [], ...rest }
}

export function networkPolicy(name: string, spec: unknown, namespace = "shop"): PolicyObject {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec }
}

/** Namespaces get kubernetes.io/metadata.name, as the API server gives it. */
export function snapshot(
  parts: Partial<Omit<Snapshot, "namespaces">> & {
    readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>
  },
): Snapshot {
  const { namespaces = {}, ...rest } = parts
  return {
    pods: [],
    nodes: [],
    services: [],
    policies: [],
    ...rest,
    namespaces: Object.entries(namespaces).map(([name, labels]) => {
      return { name, labels: { ...labels, "kubernetes.io/metadata.name": name } }
    }),
  }
}
