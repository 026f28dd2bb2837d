// The cluster, kept up for analysis: changes in, a view out.

import type { Lower } from "../compile/policy-ir.ts"
import type { Change, Enforcement } from "../compile/snapshot.ts"
import type { ClusterView } from "./cluster-view.ts"

export interface ModelOptions {
  readonly lower: Lower
  /** Of namespaces that say nothing of it. */
  readonly enforcement?: Enforcement
  /** Where pods without an address could have theirs; none for anywhere. */
  readonly podCIDRs?: readonly string[]
}

export interface Model extends ClusterView {
  readonly apply: (changes: readonly Change[]) => void
  readonly setEnforcement: (enforcement: Enforcement) => void
  /** The cluster as it would be. It costs what the changes touch, and holds until the model is changed. */
  readonly with: (changes: readonly Change[]) => ClusterView
}
