// A whole cluster compiled at once: an engine fed with it.

import { type EngineOptions, programOf } from "./engine/engine.ts"
import type { Program } from "./program.ts"
import type { Change, Snapshot } from "./snapshot.ts"

export function compile(snapshot: Snapshot, options: EngineOptions): Program {
  return programOf(changesTo(snapshot), options)
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
