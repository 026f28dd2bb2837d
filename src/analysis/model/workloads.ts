// Pods by the controller reference that they have, as it stands.

import type { Pod } from "../../compile/snapshot.ts"
import type { Workload } from "../cluster-view.ts"

/** A pod whose controller is not said, or not of which kind, is a workload of its own. */
export function workloadOf(pod: Pod): Omit<Workload, "pods"> {
  const { namespace, controller } = pod
  const { kind, name } = controller ?? { kind: "Pod", name: pod.name }
  return { key: `${namespace}/${name}[${kind}]`, namespace, name, kind }
}

/** Sorted by key. */
export function workloadsOf(pods: Iterable<Pod>): readonly Workload[] {
  const found = new Map<string, Omit<Workload, "pods"> & { readonly pods: Pod[] }>()
  for (const pod of pods) {
    const workload = workloadOf(pod)
    const known = found.get(workload.key)
    if (known === undefined) found.set(workload.key, { ...workload, pods: [pod] })
    else known.pods.push(pod)
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}
