// What one batch of changes does to the ruleset of one node, as a plan.
//
// Computed from the program after the batch and the delta alone; renderNode before, changed by the plan, is
// renderNode after. Costs what changed, and a look at each class of the node.

import type { Plan } from "nftables-json/plan"
import type { Command, Element, MapElement, RulesetObject } from "nftables-json/schema"
import type { NodeDelta, Program, ProgramDelta } from "../program.ts"
import { type ClassChange, classChange, comes, goes, keptMembers } from "./class-change.ts"
import { type DispatchElement, dispatchElements, dispatchMapsOf, sortedElements } from "./dispatch.ts"
import { chainObject, createRendering, piecesOfKey, type Rendering, ruleObjects } from "./node-pieces.ts"
import type { RulesetOptions } from "./options.ts"
import { type Binding, bindingsOf } from "./render-bindings.ts"
import {
  addressesOf,
  type MemberSet,
  memberKey,
  memberSetDeclaration,
  memberSetObject,
  namedPortElements,
  TABLE,
} from "./sets.ts"
import { floodChain } from "./skeleton.ts"

export interface NodeUpdate {
  readonly plan: Plan
  /** Addresses that changed their owner or are owned no longer: none of their connections may live on. */
  readonly forget: readonly string[]
  /** Access may have been taken away: a new generation is due. False only where the plan is proven to widen. */
  readonly narrows: boolean
  /** All bindings of the node, where any has changed. */
  readonly bindings?: readonly Binding[]
}

/**
 * Undefined where the batch changed what every chain is written for: families, the cluster's mode, the node's pod
 * ranges, the node itself. Then the whole ruleset is rendered anew, and whoever holds the old one computes the difference.
 */
export function renderDelta(
  program: Program,
  delta: ProgramDelta,
  node: string,
  options: RulesetOptions,
): NodeUpdate | undefined {
  const known = program.nodes.get(node)
  const ofNode = delta.nodes.find((each) => each.node === node)
  if (delta.families !== null || delta.enforcement !== null) return undefined
  if (ofNode !== undefined && (ofNode.state !== "kept" || ofNode.podCIDRs !== null)) return undefined
  if (known === undefined)
    return { plan: { add: [], flip: [], remove: [] }, forget: delta.forget, narrows: false }
  const rendering = createRendering(program, options)
  const change = classChange(rendering, known, { delta, ofNode })
  const members = memberChanges(change, delta)
  const dispatch = ofNode === undefined ? [] : dispatchChanges(rendering, ofNode)
  const flood = floodChange(change, options)
  return {
    plan: {
      add: additions(change, program),
      flip: [...members.commands, ...dispatch, ...flood],
      remove: removals(change),
    },
    forget: delta.forget,
    narrows: members.narrows || (flood.length > 0 && change.isolatedAfter) || ofNode?.narrows === true,
    ...(ofNode === undefined || ofNode.pending === null
      ? {}
      : { bindings: bindingsOf(rendering, ofNode.pending) }),
  }
}

function additions(change: ClassChange, program: Program): readonly Command[] {
  const chains = comes(change, ({ chains }) => chains)
  const objects: readonly RulesetObject[] = [
    ...chains.map(chainObject),
    ...comes(change, ({ ranges }) => ranges).map((set) => ({ set })),
    ...comes(change, ({ members }) => members).map((set) => ({ set: memberSetObject(set, program) })),
    ...comes(change, ({ maps }) => maps).map((map) => ({ map })),
    ...chains.flatMap(({ name, rules }) => ruleObjects(name, rules)),
  ]
  return objects.map((object) => ({ add: object }))
}

/** Emptied first: chains and maps refer to each other in every order. */
function removals(change: ClassChange): readonly Command[] {
  const chains = goes(change, ({ chains }) => chains).map(chainObject)
  const sets: readonly RulesetObject[] = [
    ...goes(change, ({ ranges }) => ranges).map(({ elem: _elem, ...set }) => ({ set })),
    ...goes(change, ({ members }) => members).map((set) => ({ set: memberSetDeclaration(set) })),
  ]
  return [
    ...chains.map((chain) => ({ flush: chain })),
    ...goes(change, ({ maps }) => maps).map(({ elem: _elem, ...map }) => ({ delete: { map } })),
    ...[...chains, ...sets].map((object) => ({ delete: object })),
  ]
}

interface MemberChanges {
  readonly commands: readonly Command[]
  readonly narrows: boolean
}

function memberChanges(change: ClassChange, delta: ProgramDelta): MemberChanges {
  const commands: Command[] = []
  let narrows = false
  const replace = (set: MemberSet, gone: readonly Element[], come: readonly Element[]) => {
    commands.push(...elementCommands(set.name, gone, come))
    narrows ||= gone.length > 0 || (come.length > 0 && !set.allows)
  }
  for (const { key, removed, added } of delta.sets) {
    for (const set of keptMembers(change, memberKey("pods", key))) {
      replace(set, addressesOf(set.family, removed).sort(), addressesOf(set.family, added).sort())
    }
  }
  for (const { key, removed, added } of delta.namedPortSets) {
    for (const set of keptMembers(change, memberKey("named", key))) {
      replace(set, namedPortElements(set.family, removed), namedPortElements(set.family, added))
    }
  }
  return { commands, narrows }
}

/** Deletions first: one key may go and come back with another verdict in the same transaction. */
function elementCommands(
  name: string,
  gone: readonly Element[],
  come: readonly (Element | MapElement)[],
): readonly Command[] {
  return [
    ...(gone.length === 0 ? [] : [{ delete: { element: { ...TABLE, name, elem: gone } } }]),
    ...(come.length === 0 ? [] : [{ add: { element: { ...TABLE, name, elem: come } } }]),
  ]
}

function dispatchChanges(rendering: Rendering, node: NodeDelta): readonly Command[] {
  const gone = new Map<string, string[]>()
  for (const address of [...node.removedAddresses, ...node.changedAddresses]) {
    for (const map of dispatchMapsOf(address)) gone.set(map, [...(gone.get(map) ?? []), address])
  }
  const come = new Map<string, DispatchElement[]>()
  for (const element of node.endpoints.flatMap((each) => dispatchElements(each, piecesOfKey(rendering)))) {
    come.set(element.map, [...(come.get(element.map) ?? []), element])
  }
  const maps = [...new Set([...gone.keys(), ...come.keys()])].sort()
  return maps.flatMap((map) =>
    elementCommands(map, (gone.get(map) ?? []).sort(), sortedElements(come.get(map) ?? [])),
  )
}

/** The rules of a chain change for a packet all at once, with the transaction. */
function floodChange(
  { isolatedBefore, isolatedAfter }: ClassChange,
  options: RulesetOptions,
): readonly Command[] {
  if (isolatedBefore === isolatedAfter || options.multicast === "accept") return []
  const { chain, rules } = floodChain({ options, isolatesIngress: isolatedAfter })
  return [{ flush: { chain } }, ...ruleObjects(chain.name, rules).map((object) => ({ add: object }))]
}
