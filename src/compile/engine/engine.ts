// The engine: a cluster in, its program out, whole or change by change.
//
// The program depends on the cluster as it is now and on nothing else: not on the order of changes, nor on
// how they were split into batches: what a batch touches is worked out once, at its end.

import type { Lower } from "../policy-ir.ts"
import type { Program, ProgramDelta } from "../program.ts"
import type { Change } from "../snapshot.ts"
import { applyChanges } from "./apply-changes.ts"
import { createState } from "./create-state.ts"
import { viewProgram } from "./program-view.ts"
import { settle } from "./settle.ts"

export interface EngineOptions {
  readonly lower: Lower
}

export interface Engine {
  /** One batch. Where `lower` throws, nothing of it is applied. */
  readonly apply: (changes: readonly Change[]) => ProgramDelta
  /** A live view, always the same object: what it hands out is true until the next `apply`. */
  readonly program: () => Program
}

export function createEngine({ lower }: EngineOptions): Engine {
  const state = createState()
  const program = viewProgram(state)
  return {
    apply: (changes) => {
      applyChanges(state, changes, lower)
      return settle(state)
    },
    program: () => program,
  }
}
