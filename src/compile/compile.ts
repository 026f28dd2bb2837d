// A whole cluster compiled at once: an engine that is fed once and told nothing more.

import { applySnapshot } from "./engine/apply-changes.ts"
import { createState } from "./engine/create-state.ts"
import type { EngineOptions } from "./engine/engine.ts"
import { viewProgram } from "./engine/program-view.ts"
import { settleUntold } from "./engine/settle.ts"
import type { Program } from "./program.ts"
import type { Change, Snapshot } from "./snapshot.ts"

export function compile(snapshot: Snapshot, { enforcement, ...reading }: EngineOptions): Program {
  const state = createState(enforcement)
  applySnapshot(state, snapshot, reading)
  settleUntold(state)
  return viewProgram(state)
}

/** What turns an empty cluster into this one. */
export function changesTo(snapshot: Snapshot): readonly Change[] {
  const { namespaces, nodes, services, pods, policies } = snapshot
  return [
    ...namespaces.map((value): Change => ({ kind: "namespace", op: "set", value })),
    ...nodes.map((value): Change => ({ kind: "node", op: "set", value })),
    ...services.map((value): Change => ({ kind: "service", op: "set", value })),
    ...policies.map((value): Change => ({ kind: "policy", op: "set", value })),
    ...pods.map((value): Change => ({ kind: "pod", op: "set", value })),
  ]
}
