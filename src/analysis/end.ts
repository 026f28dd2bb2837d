// Who is listed in answers about connectivity: workloads of the cluster, and ranges of addresses outside of it.

export interface WorkloadEnd {
  readonly kind: "workload"
  readonly namespace: string
  readonly name: string
  /** Of its pods' controller reference as it stands: Deployment (from manifests), ReplicaSet, StatefulSet; Pod where there is none. */
  readonly workload: string
  /** Pods that have not finished. */
  readonly pods: number
  readonly hostNetwork: boolean
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
