// A cluster as its objects by name: what changes add up to.

import type {
  Change,
  Namespace,
  Node,
  Pod,
  PolicyObject,
  Service,
  Snapshot,
} from "../../src/compile/snapshot.ts"

export interface Cluster {
  readonly namespaces: Map<string, Namespace>
  readonly nodes: Map<string, Node>
  readonly pods: Map<string, Pod>
  readonly services: Map<string, Service>
  readonly policies: Map<string, PolicyObject>
}

export function emptyCluster(): Cluster {
  return {
    namespaces: new Map(),
    nodes: new Map(),
    pods: new Map(),
    services: new Map(),
    policies: new Map(),
  }
}

export function applyChange(cluster: Cluster, change: Change): void {
  const key = objectKey(change)
  switch (change.kind) {
    case "namespace":
      return store(cluster.namespaces, key, change.op === "set" ? change.value : undefined)
    case "node":
      return store(cluster.nodes, key, change.op === "set" ? change.value : undefined)
    case "pod":
      return store(cluster.pods, key, change.op === "set" ? change.value : undefined)
    case "service":
      return store(cluster.services, key, change.op === "set" ? change.value : undefined)
    case "policy":
      return store(cluster.policies, key, change.op === "set" ? change.value : undefined)
  }
}

export function snapshotOf({ namespaces, nodes, pods, services, policies }: Cluster): Snapshot {
  return {
    namespaces: [...namespaces.values()],
    nodes: [...nodes.values()],
    pods: [...pods.values()],
    services: [...services.values()],
    policies: [...policies.values()],
  }
}

/** Which object a change is about. */
export function objectKey(change: Change): string {
  return JSON.stringify([change.kind, ...nameOf(change)])
}

/** The change that takes its object away. */
export function deletionOf(change: Change): Change {
  if (change.op === "delete") return change
  switch (change.kind) {
    case "namespace":
    case "node":
      return { kind: change.kind, op: "delete", name: change.value.name }
    case "pod":
    case "service":
      return { kind: change.kind, op: "delete", namespace: change.value.namespace, name: change.value.name }
    case "policy": {
      const { kind: policyKind, metadata } = change.value
      return { kind: "policy", op: "delete", policyKind, namespace: metadata.namespace, name: metadata.name }
    }
  }
}

function nameOf(change: Change): readonly string[] {
  if (change.op === "set" && change.kind === "policy") {
    const { kind, metadata } = change.value
    return [kind, metadata.namespace, metadata.name]
  }
  if (change.op === "set") {
    const { value } = change
    return "namespace" in value ? [value.namespace, value.name] : "name" in value ? [value.name] : []
  }
  if (change.kind === "policy") return [change.policyKind, change.namespace, change.name]
  return change.kind === "pod" || change.kind === "service" ? [change.namespace, change.name] : [change.name]
}

function store<T>(objects: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) objects.delete(key)
  else objects.set(key, value)
}
