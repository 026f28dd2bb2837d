// What one batch of changes does to the ruleset of one node, as a plan.
//
// Computed from the program after the batch and the delta alone; renderNode before, changed by the plan, is
// renderNode after. Costs what changed, and a look at each class of the node.

import type { Plan } from "nftables-json/plan"
import type { Command, Element, MapElement, RulesetObject } from "nftables-json/schema"
import type { NodeDelta, NodeProgram, PolicyClass, Program, ProgramDelta } from "../program.ts"
import { type DispatchElement, dispatchElements, dispatchMapsOf, sortedElements } from "./dispatch.ts"
import {
  chainObject,
  isolatesIngress,
  type NodePieces,
  nodePieces,
  piecesOfKey,
  type Rendering,
  ruleObjects,
} from "./node-pieces.ts"
import type { RulesetOptions } from "./options.ts"
import {
  addressesOf,
  type MemberSet,
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
}

/**
 * Undefined where the batch changed what every chain is written for: families, the node's pod ranges, the
 * node itself. Then the whole ruleset is rendered anew, and whoever holds the old one computes the difference.
 */
export function renderDelta(
  program: Program,
  delta: ProgramDelta,
  node: string,
  options: RulesetOptions,
): NodeUpdate | undefined {
  const known = program.nodes.get(node)
  const ofNode = delta.nodes.find((each) => each.node === node)
  if (delta.families !== null) return undefined
  if (ofNode !== undefined && (ofNode.state !== "kept" || ofNode.podCIDRs !== null)) return undefined
  if (known === undefined)
    return { plan: { add: [], flip: [], remove: [] }, forget: delta.forget, narrows: false }
  const rendering: Rendering = { program, families: program.families, options }
  const change = changeOf(rendering, known, { delta, ofNode })
  const members = memberChanges(change)
  const dispatch = ofNode === undefined ? [] : dispatchChanges(rendering, ofNode)
  const flood = floodChange(change)
  return {
    plan: {
      add: additions(change),
      flip: [...members.commands, ...dispatch, ...flood],
      remove: removals(change),
    },
    forget: delta.forget,
    narrows:
      members.narrows ||
      flood.length > 0 ||
      (ofNode !== undefined && (ofNode.changedAddresses.length > 0 || ofNode.removedAddresses.length > 0)),
  }
}

interface DeltaOfNode {
  readonly delta: ProgramDelta
  readonly ofNode: NodeDelta | undefined
}

interface ClassChange {
  readonly rendering: Rendering
  readonly node: string
  readonly delta: ProgramDelta
  readonly before: NodePieces
  readonly after: NodePieces
  readonly isolatedBefore: boolean
  readonly isolatedAfter: boolean
}

function changeOf(rendering: Rendering, node: NodeProgram, { delta, ofNode }: DeltaOfNode): ClassChange {
  const { program } = rendering
  const classes = [...node.classes()].map(program.policyClass)
  const after = nodePieces(rendering, classes)
  const isolatedAfter = isolatesIngress(classes)
  const unchanged = { rendering, node: node.node, delta, after, isolatedAfter }
  if (ofNode === undefined || (ofNode.addedClasses.length === 0 && ofNode.removedClasses.length === 0)) {
    return { ...unchanged, before: after, isolatedBefore: isolatedAfter }
  }
  const added = new Set(ofNode.addedClasses)
  const removed = new Set(ofNode.removedClasses)
  const lost = lostClasses(delta, removed)
  const earlier: readonly PolicyClass[] = [...classes.filter(({ key }) => !added.has(key)), ...lost]
  return { ...unchanged, before: nodePieces(rendering, earlier), isolatedBefore: isolatesIngress(earlier) }
}

function lostClasses(delta: ProgramDelta, keys: ReadonlySet<string>): readonly PolicyClass[] {
  const lost = delta.lostClasses.filter(({ key }) => keys.has(key))
  if (lost.length !== keys.size) throw new Error("a delta removes a class that it does not show")
  return lost
}

function additions({ rendering, before, after }: ClassChange): readonly Command[] {
  const chains = newIn(after.chains, before.chains)
  const objects: readonly RulesetObject[] = [
    ...chains.map(chainObject),
    ...newIn(after.ranges, before.ranges).map((set) => ({ set })),
    ...newIn(after.members, before.members).map((set) => ({ set: memberSetObject(set, rendering.program) })),
    ...newIn(after.maps, before.maps).map((map) => ({ map })),
    ...chains.flatMap(({ name, rules }) => ruleObjects(name, rules)),
  ]
  return objects.map((object) => ({ add: object }))
}

/** Emptied first: chains and maps refer to each other in every order. */
function removals({ before, after }: ClassChange): readonly Command[] {
  const chains = newIn(before.chains, after.chains).map(chainObject)
  const sets: readonly RulesetObject[] = [
    ...newIn(before.ranges, after.ranges).map(({ elem: _elem, ...set }) => ({ set })),
    ...newIn(before.members, after.members).map((set) => ({ set: memberSetDeclaration(set) })),
  ]
  return [
    ...chains.map((chain) => ({ flush: chain })),
    ...newIn(before.maps, after.maps).map(({ elem: _elem, ...map }) => ({ delete: { map } })),
    ...[...chains, ...sets].map((object) => ({ delete: object })),
  ]
}

function newIn<T>(these: ReadonlyMap<string, T>, those: ReadonlyMap<string, T>): readonly T[] {
  if (these === those) return []
  return [...these].filter(([name]) => !those.has(name)).map(([, value]) => value)
}

interface MemberChanges {
  readonly commands: readonly Command[]
  readonly narrows: boolean
}

function memberChanges(change: ClassChange): MemberChanges {
  const kept = keptMembers(change)
  const commands: Command[] = []
  let narrows = false
  for (const set of change.delta.sets) {
    for (const each of kept.get(`pods ${set.key}`) ?? []) {
      const gone = addressesOf(each.family, set.removed).sort()
      const come = addressesOf(each.family, set.added).sort()
      commands.push(...elementCommands(each.name, gone, come))
      narrows ||= gone.length > 0 || (come.length > 0 && !each.allows)
    }
  }
  for (const set of change.delta.namedPortSets) {
    for (const each of kept.get(`named ${set.key}`) ?? []) {
      const gone = namedPortElements(each.family, set.removed)
      const come = namedPortElements(each.family, set.added)
      commands.push(...elementCommands(each.name, gone, come))
      narrows ||= gone.length > 0 || (come.length > 0 && !each.allows)
    }
  }
  return { commands, narrows }
}

/** The kernel sets that were there before and still are, by what they show. */
function keptMembers({ before, after }: ClassChange): ReadonlyMap<string, readonly MemberSet[]> {
  const kept = new Map<string, MemberSet[]>()
  for (const [name, set] of after.members) {
    if (!before.members.has(name)) continue
    const text = `${set.kind} ${set.key}`
    const sets = kept.get(text)
    if (sets === undefined) kept.set(text, [set])
    else sets.push(set)
  }
  return kept
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
function floodChange({ rendering, isolatedBefore, isolatedAfter }: ClassChange): readonly Command[] {
  if (isolatedBefore === isolatedAfter || rendering.options.multicast === "accept") return []
  const { chain, rules } = floodChain({ options: rendering.options, isolatesIngress: isolatedAfter })
  return [{ flush: { chain } }, ...ruleObjects(chain.name, rules).map((object) => ({ add: object }))]
}
