// The cluster, kept up for analysis: changes in, a view out.

import type { Lower } from "../compile/policy-ir.ts"
import type { Change, Enforcement, Pod } from "../compile/snapshot.ts"
import type { ClusterView } from "./cluster-view.ts"
import { applyChanges } from "./model/apply-changes.ts"
import { spanOf } from "./model/blocks.ts"
import { createState, stateUpon } from "./model/state.ts"
import { viewOf } from "./model/view.ts"
import { movedPods, type WorkloadGroup, workloadGroups } from "./model/workload-groups.ts"

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
  readonly with: (changes: readonly Change[]) => TriedView
}

export interface TriedView extends ClusterView {
  /** The workloads of the model and of this view, each in one group. */
  readonly groups: () => readonly WorkloadGroup[]
  /** Pods that come, go, differ, or are told apart otherwise than in the model. */
  readonly moved: () => readonly Pod[]
}

export function createModel({ lower, enforcement = "enforce", podCIDRs = [] }: ModelOptions): Model {
  const state = createState({ lower, enforcement, podRanges: podCIDRs.map(spanOf) })
  return Object.assign(viewOf(state), {
    apply: (changes: readonly Change[]) => applyChanges(state, changes),
    setEnforcement: (mode: Enforcement) => {
      state.enforcement = mode
      state.revision += 1
    },
    with: (changes: readonly Change[]) => {
      const upon = stateUpon(state)
      applyChanges(upon, changes)
      return Object.assign(viewOf(upon), {
        groups: () => workloadGroups(state, upon),
        moved: () => movedPods(state, upon),
      })
    },
  })
}
