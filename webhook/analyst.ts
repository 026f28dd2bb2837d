// What the webhook asks of analysis: one question for each change, one answer.

import type { Deadline } from "../src/analysis/deadline.ts"
import type { Diagnostic, ObjectReference } from "../src/api/diagnostic.ts"
import type { ImpactReport } from "../src/api/impact-report.ts"
import type { Change, Labels, Pod } from "../src/compile/snapshot.ts"

export interface Question {
  readonly reference: ObjectReference
  readonly operation: ImpactReport["operation"]
  readonly changes: readonly Change[]
  /** Of the object; of one that goes, those that it had. */
  readonly annotations: Labels
  readonly deadline: Deadline
}

export interface Analysis {
  /** Findings and assertions included; with the names of all namespaces. */
  readonly report: ImpactReport
  /** For these the change is refused. */
  readonly refusals: readonly Diagnostic[]
}

export interface Analyst {
  /** "" where it can answer, else why it cannot. */
  problem(): string
  /** True where it is not known. */
  isNamespace(name: string): boolean
  podsOf(workload: {
    readonly kind: string
    readonly namespace: string
    readonly name: string
  }): readonly Pod[]
  /** Holds the event loop until it is done, or the deadline has passed. */
  analyse(question: Question): Analysis
}
