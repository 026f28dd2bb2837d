// The updates of one batch, encoded once for all nodes that get the same.
//
// A node that only keeps sets whose members changed gets commands that depend on the sets alone: nodes that hold the
// same sets get the same text.

import type { NodeDelta, ProgramDelta } from "../compile/program.ts"
import type { NodeUpdate } from "../compile/ruleset/render-delta.ts"
import { ownersOf } from "./owners-of.ts"
import { encodeUpdateBody, type UpdateBody } from "./stream-message.ts"

export interface SharedUpdates {
  ofNode(node: string): NodeDelta | undefined
  /** False where the batch is nothing to the node. */
  concerns(node: string): boolean
  /** "whole" where only a whole ruleset tells what changed. */
  bodyFor(node: string, request: BodyRequest): { readonly text: UpdateBody } | "whole" | "nothing"
}

interface BodyRequest {
  readonly ofNode: NodeDelta | undefined
  /** Addresses to forget beside the batch's. */
  readonly owed: readonly string[]
  readonly render: (delta: ProgramDelta) => NodeUpdate | undefined
}

export function createSharedUpdates(delta: ProgramDelta, asOf: string): SharedUpdates {
  const nodeDeltas = new Map(delta.nodes.map((each) => [each.node, each]))
  const withChangedSets = new Set([...delta.sets, ...delta.namedPortSets].flatMap(({ nodes }) => nodes))
  const texts = new Map<string, UpdateBody>()
  const withoutNodes: ProgramDelta = { ...delta, nodes: [] }
  const changesAll = delta.families !== null || delta.enforcement !== null
  const isForAll = changesAll || delta.forget.length > 0
  const nothingButForget = { plan: { add: [], flip: [], remove: [] }, forget: delta.forget, narrows: false }

  const sharedBody = (update: NodeUpdate): UpdateBody => {
    const key = update.plan.flip.map(setIn).join()
    const known = texts.get(key)
    if (known !== undefined) return known
    const text = encodeUpdateBody(update, asOf)
    texts.set(key, text)
    return text
  }
  return {
    ofNode: (node) => nodeDeltas.get(node),
    concerns: (node) => isForAll || withChangedSets.has(node) || nodeDeltas.has(node),
    bodyFor: (node, { ofNode, owed, render }) => {
      const isShared = ofNode === undefined && !changesAll
      const update =
        isShared && !withChangedSets.has(node)
          ? nothingButForget
          : render(ofNode === undefined ? withoutNodes : { ...delta, nodes: [ofNode] })
      if (update === undefined) return "whole"
      if (isNothing(update) && owed.length === 0) return "nothing"
      if (isShared && owed.length === 0) return { text: sharedBody(update) }
      const forget = owed.length === 0 ? update.forget : [...new Set([...owed, ...update.forget])]
      const owners = ownersOf(ofNode?.endpoints ?? [])
      return { text: encodeUpdateBody({ ...update, forget, owners }, asOf) }
    },
  }
}

/** Of the element commands that are all such a plan has; the batch says which elements. */
function setIn(command: NodeUpdate["plan"]["flip"][number]): string {
  if ("add" in command && "element" in command.add) return `+${command.add.element.name}`
  if ("delete" in command && "element" in command.delete) return `-${command.delete.element.name}`
  return JSON.stringify(command)
}

function isNothing({ plan, forget, bindings }: NodeUpdate): boolean {
  const commands = plan.add.length + plan.flip.length + plan.remove.length
  return commands === 0 && forget.length === 0 && bindings === undefined
}
