// The engine: a cluster in, its program out, whole or change by change.
//
// The program depends on the cluster as it is now and on nothing else: not on the order of changes, nor on
// how they were split into batches: what a batch touches is worked out once, at its end.

import type { PolicyReference } from "../policy-ir.ts"
import type { PolicyView } from "../policy-view.ts"
import type { Program, ProgramDelta } from "../program.ts"
import type { Change, Enforcement } from "../snapshot.ts"
import { applyChanges, type PolicyReading } from "./apply-changes.ts"
import { createState } from "./create-state.ts"
import { setEnforcement } from "./namespace.ts"
import { viewPolicies, viewPolicy } from "./policy-views.ts"
import { viewProgram } from "./program-view.ts"
import { settle } from "./settle.ts"

export interface EngineOptions extends PolicyReading {
  /** The mode of namespaces that have none of their own: "enforce" where it is left out. */
  readonly enforcement?: Enforcement
}

export interface Engine {
  /** One batch. Where `lower` throws, nothing of it is applied. */
  readonly apply: (changes: readonly Change[]) => ProgramDelta
  /** The whole ruleset of every node changes: it is rendered anew, with the same mode in its options. */
  readonly setEnforcement: (enforcement: Enforcement) => ProgramDelta
  /** A live view, always the same object: what it hands out is true until the next `apply`. */
  readonly program: () => Program
  /** Every policy, in no order. Views are true until the next `apply`. */
  readonly policies: () => Iterable<PolicyView>
  readonly policyView: (policy: PolicyReference) => PolicyView | undefined
}

export function createEngine({ enforcement, ...reading }: EngineOptions): Engine {
  const state = createState(enforcement)
  const program = viewProgram(state)
  return {
    apply: (changes) => {
      applyChanges(state, changes, reading)
      return settle(state)
    },
    setEnforcement: (mode) => {
      const changed = mode !== state.enforcement
      setEnforcement(state, mode)
      return settle(state, changed ? mode : null)
    },
    program: () => program,
    policies: () => viewPolicies(state),
    policyView: (policy) => viewPolicy(state, policy),
  }
}
