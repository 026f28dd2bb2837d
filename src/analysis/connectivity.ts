// Who can reach whom on what: every workload, and the addresses outside.

import type { ConnectionSet } from "./connection-set.ts"
import type { AnalysisEnd } from "./end.ts"

export interface ConnectivityLine {
  readonly source: AnalysisEnd
  readonly destination: AnalysisEnd
  readonly connections: ConnectionSet
  /** Some of it would be denied, but what is denied there is only counted. */
  readonly observed: boolean
}

export interface Connectivity {
  /** Everybody, with connections or without, sorted by endText. */
  readonly ends: readonly AnalysisEnd[]
  /** Sorted by the text of the source, then of the destination. */
  readonly lines: readonly ConnectivityLine[]
  readonly notes: readonly string[]
}
