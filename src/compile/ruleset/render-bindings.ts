// How pods without an address will be judged: what the dispatch maps will say once they have one.

import type { Verdict } from "nftables-json/schema"
import type { PendingPod, Program } from "../program.ts"
import { entryVerdict } from "./dispatch.ts"
import { createRendering, piecesOfKey, type Rendering } from "./node-pieces.ts"
import type { RulesetOptions } from "./options.ts"

/** As the wire's: this room may not know it. */
export interface Binding {
  readonly uid: string
  readonly egress: Verdict
  readonly ingress: Verdict
}

/** Of every pending pod of the node, in order of uid. */
export function renderBindings(program: Program, node: string, options: RulesetOptions): readonly Binding[] {
  const pending = program.nodes.get(node)?.pending() ?? []
  return bindingsOf(createRendering(program, options), pending)
}

export function bindingsOf(rendering: Rendering, pending: Iterable<PendingPod>): readonly Binding[] {
  const pieces = piecesOfKey(rendering)
  return Array.from(pending, ({ uid, egress, ingress }) => ({
    uid,
    egress: entryVerdict("egress", pieces(egress)),
    ingress: entryVerdict("ingress", pieces(ingress)),
  }))
}
