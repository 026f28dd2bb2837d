// Which workload a pod belongs to, and which workloads need made-up pods.

import type { Pod, WorkloadReference } from "../compile/snapshot.ts"
import type { Maker, ReadPod } from "./read-pod.ts"
import type { ReadWorkload, Workload } from "./read-workload.ts"

export interface Owned {
  /** Pods of the manifests with their owners, then those made up. */
  readonly pods: readonly Pod[]
  /** Workloads that nothing else makes, each with its pods. */
  readonly workloads: readonly Workload[]
}

/** A workload with a pod that runs has its pods; any other has those of its template. */
export function ownedPods(pods: readonly ReadPod[], workloads: readonly ReadWorkload[]): Owned {
  const makers = new Map(workloads.map((each) => [keyOf(each.workload.namespace, each.workload), each.maker]))
  const live = pods.map(({ pod, maker }) => withOwner(pod, maker, makers))
  const byOwner = Map.groupBy(live, (pod) => (pod.owner === undefined ? "" : keyOf(pod.namespace, pod.owner)))
  const roots = workloads.filter(
    ({ maker, workload }) => maker === undefined || !makers.has(keyOf(workload.namespace, maker)),
  )
  const owned = roots.map(({ workload }): Workload => {
    const running = (byOwner.get(keyOf(workload.namespace, workload)) ?? []).filter((pod) => !pod.finished)
    return running.length > 0 ? { ...workload, pods: running } : workload
  })
  const made = owned.flatMap((workload, i) => (workload === roots[i]?.workload ? workload.pods : []))
  return { pods: [...live, ...made], workloads: owned }
}

function withOwner(pod: Pod, maker: Maker | undefined, makers: ReadonlyMap<string, Maker | undefined>): Pod {
  if (maker === undefined) return pod
  const above = makers.get(keyOf(pod.namespace, maker)) ?? deploymentOf(pod, maker)
  const owner: WorkloadReference = above ?? maker
  return { ...pod, owner: { kind: owner.kind, name: owner.name } }
}

/** A Deployment's ReplicaSet is named after it and the pods' hash, so it need not be among the manifests. */
function deploymentOf({ labels }: Pod, { kind, name }: Maker): Maker | undefined {
  const hash = Object.hasOwn(labels, "pod-template-hash") ? labels["pod-template-hash"] : undefined
  if (kind !== "ReplicaSet" || hash === undefined || !name.endsWith(`-${hash}`)) return undefined
  return { kind: "Deployment", name: name.slice(0, -hash.length - 1) }
}

function keyOf(namespace: string, { kind, name }: WorkloadReference): string {
  return `${namespace}/${kind}/${name}`
}
