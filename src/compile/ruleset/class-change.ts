// Classes that a node holds before and after a batch, and what only one side names.

import type { NodeDelta, NodeProgram, PolicyClass, ProgramDelta } from "../program.ts"
import type { ClassPieces } from "./class-pieces.ts"
import { isolatesIngress, piecesOf, type Rendering } from "./node-pieces.ts"
import type { MemberSet } from "./sets.ts"

export interface ClassChange {
  readonly kept: readonly ClassPieces[]
  readonly added: readonly ClassPieces[]
  readonly lost: readonly ClassPieces[]
  readonly isolatedBefore: boolean
  readonly isolatedAfter: boolean
}

export function classChange(rendering: Rendering, node: NodeProgram, delta: DeltaOfNode): ClassChange {
  const added = new Set(delta.ofNode?.addedClasses)
  const all = Array.from(node.classes(), rendering.program.policyClass)
  const kept = added.size === 0 ? all : all.filter(({ key }) => !added.has(key))
  const come = added.size === 0 ? [] : all.filter(({ key }) => added.has(key))
  const gone = lostClasses(delta)
  const pieces = (classes: readonly PolicyClass[]) =>
    classes.map((each) => piecesOf(rendering, each)).filter((each) => each !== undefined)
  const { options } = rendering
  const stays = isolatesIngress(kept, options)
  return {
    kept: pieces(kept),
    added: pieces(come),
    lost: pieces(gone),
    isolatedBefore: stays || isolatesIngress(gone, options),
    isolatedAfter: stays || isolatesIngress(come, options),
  }
}

export interface DeltaOfNode {
  readonly delta: ProgramDelta
  readonly ofNode: NodeDelta | undefined
}

function lostClasses({ delta, ofNode }: DeltaOfNode): readonly PolicyClass[] {
  const keys = new Set(ofNode?.removedClasses)
  if (keys.size === 0) return []
  const lost = delta.lostClasses.filter(({ key }) => keys.has(key))
  if (lost.length !== keys.size) throw new Error("a delta removes a class that it does not show")
  return lost
}

/** Which of a class's pieces. */
type Choose<T> = (pieces: ClassPieces) => ReadonlyMap<string, T>

/** What added classes name and none did before. */
export function comes<T>({ kept, added, lost }: ClassChange, choose: Choose<T>): readonly T[] {
  return only(added, [...kept, ...lost], choose)
}

/** What lost classes named and none does now. */
export function goes<T>({ kept, added, lost }: ClassChange, choose: Choose<T>): readonly T[] {
  return only(lost, [...kept, ...added], choose)
}

function only<T>(
  these: readonly ClassPieces[],
  others: readonly ClassPieces[],
  choose: Choose<T>,
): readonly T[] {
  const found = new Map<string, T>()
  for (const [name, value] of these.flatMap((pieces) => [...choose(pieces)])) {
    if (!others.some((pieces) => choose(pieces).has(name))) found.set(name, value)
  }
  return [...found.values()]
}

/** The kernel sets of one key that were there before and still are. */
export function keptMembers({ kept, added, lost }: ClassChange, text: string): readonly MemberSet[] {
  const before = variantsOf([...kept, ...lost], text)
  if (added.length === 0 && lost.length === 0) return [...before.values()]
  const after = variantsOf([...kept, ...added], text)
  return [...before.values()].filter(({ name }) => after.has(name))
}

function variantsOf(classes: readonly ClassPieces[], text: string): ReadonlyMap<string, MemberSet> {
  const variants = new Map<string, MemberSet>()
  for (const { membersOf } of classes)
    for (const set of membersOf.get(text) ?? []) variants.set(set.name, set)
  return variants
}
