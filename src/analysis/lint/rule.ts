// One rule of the catalogue: it looks at one policy of a cluster and tells what is odd.

import type { Report } from "../../api/report.ts"
import type { PolicyOutline } from "../../kinds/policy-outline.ts"
import type { PolicyRecord } from "../cluster-view.ts"
import type { LintCluster } from "./cluster.ts"

export interface LintedPolicy {
  readonly record: PolicyRecord
  readonly outline: PolicyOutline
  readonly report: Report
  /** Of the policies that are linted the first of its namespace: what is so for all of them is told once. */
  readonly isFirst: boolean
  /** Whether another policy is linted too: of two that cover each other one is told about. */
  readonly isLookedAt: (other: PolicyRecord) => boolean
}

export type LintRule = (policy: LintedPolicy, cluster: LintCluster) => void
