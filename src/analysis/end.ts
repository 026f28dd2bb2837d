// Who is listed in answers about connectivity: workloads of the cluster, and ranges of addresses outside of it.

import type { Pod } from "../compile/snapshot.ts"

export interface WorkloadEnd {
  readonly kind: "workload"
  readonly namespace: string
  readonly name: string
  /** Of its pods' controller reference as it stands: Deployment (from manifests), ReplicaSet, StatefulSet; Pod where there is none. */
  readonly workload: string
  /** Pods that have not finished; 0 where they are made up from a template, which does not tell how many there are. */
  readonly pods: number
  readonly hostNetwork: boolean
}

/** From a workload's template in a manifest: it has a / in its name, as no real pod's has. */
export function isMadeUp({ name }: Pick<Pod, "name">): boolean {
  return name.includes("/")
}

/** A maximal run of addresses with the same membership in every address block that some policy names. */
export interface RangeEnd {
  readonly kind: "range"
  readonly from: string
  readonly to: string
}

export type AnalysisEnd = WorkloadEnd | RangeEnd

/** "shop/web[Deployment]", or "0.0.0.0-9.255.255.255". */
export function endText(end: AnalysisEnd): string {
  return end.kind === "range" ? `${end.from}-${end.to}` : `${end.namespace}/${end.name}[${end.workload}]`
}
