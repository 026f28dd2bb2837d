// The cluster with the policies of files: what kubectl apply would make of it.

import { policyKey } from "../../analysis/snapshot-changes.ts"
import type { Namespace, Snapshot } from "../../compile/snapshot.ts"

export interface Applied {
  readonly cluster: Snapshot
  readonly files: Snapshot
  /** Policies that the files do not have go, in the namespaces that the files' policies are in. */
  readonly prune: boolean
}

/** Pods, nodes and Services are the cluster's. A label that a manifest does not name stays, as kubectl apply leaves it. */
export function appliedSnapshot({ cluster, files, prune }: Applied): Snapshot {
  const written = new Set(files.policies.map(policyKey))
  const pruned = new Set(prune ? files.policies.map(({ metadata }) => metadata.namespace) : [])
  const kept = cluster.policies.filter(
    (policy) => !written.has(policyKey(policy)) && !pruned.has(policy.metadata.namespace),
  )
  return {
    ...cluster,
    namespaces: appliedNamespaces(cluster.namespaces, files.namespaces),
    policies: [...kept, ...files.policies],
  }
}

function appliedNamespaces(cluster: readonly Namespace[], files: readonly Namespace[]): readonly Namespace[] {
  const written = new Map(files.map((each) => [each.name, each]))
  const known = new Set(cluster.map(({ name }) => name))
  return [
    ...cluster.map((each) => {
      const labels = written.get(each.name)?.labels
      return labels === undefined ? each : { ...each, labels: { ...each.labels, ...labels } }
    }),
    ...files.filter(({ name }) => !known.has(name)),
  ]
}
