// Analysis of changes against the cluster as it is followed.

import { impactOf } from "../src/analysis/impact.ts"
import { reportKey } from "../src/analysis/report-key.ts"
import type { Analyst } from "./analyst.ts"
import type { ClusterFollower } from "./cluster-view.ts"

export interface ClusterAnalystOptions {
  readonly cluster: ClusterFollower
  /** Of Postern's own pods. */
  readonly namespace: string
}

export function createClusterAnalyst({ cluster }: ClusterAnalystOptions): Analyst {
  const { model } = cluster
  return {
    problem: () => {
      const missing = cluster.missing()
      return missing === "" ? "" : `the cluster is not known yet, ${missing} missing`
    },
    podsOf: ({ kind, namespace, name }) =>
      [...model.pods(namespace)].filter(({ owner }) => owner?.kind === kind && owner.name === name),
    analyse: ({ reference, operation, changes, deadline }) => {
      const key = reportKey(changes, cluster.revision())
      const report = impactOf({ model, changes, subject: reference, operation, deadline, key })
      return { report, refusals: [] }
    },
  }
}
