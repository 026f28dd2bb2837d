// A program delta in the making.

import type { Endpoint, NamedPortMember, NodeDelta, PolicyClass, ProgramDelta } from "../program.ts"
import type { Bag } from "./bag.ts"
import { isNamed } from "./batch.ts"
import type { AddressSetState, Batch, ClassState, NamedPortSetState, NodeState, SharedSet } from "./state.ts"

export interface DeltaDraft {
  readonly nodes: Map<NodeState, NodeChanges>
  readonly addressSets: Map<AddressSetState, Difference<string>>
  readonly namedPortSets: Map<NamedPortSetState, Difference<NamedPortMember>>
  /** Nodes that hold a set since this batch. */
  readonly gained: Map<SharedSet, Set<NodeState>>
  readonly forget: string[]
}

export interface Difference<T> {
  readonly added: T[]
  readonly removed: T[]
}

export interface NodeChanges {
  readonly endpoints: Endpoint[]
  readonly changedAddresses: string[]
  readonly removedAddresses: string[]
  readonly classes: Difference<ClassState>
  readonly addressSets: Difference<AddressSetState>
  readonly namedPortSets: Difference<NamedPortSetState>
}

export function createDeltaDraft(): DeltaDraft {
  return { nodes: new Map(), addressSets: new Map(), namedPortSets: new Map(), gained: new Map(), forget: [] }
}

export function changesOf({ nodes }: DeltaDraft, node: NodeState): NodeChanges {
  const known = nodes.get(node)
  if (known !== undefined) return known
  const made: NodeChanges = {
    endpoints: [],
    changedAddresses: [],
    removedAddresses: [],
    classes: { added: [], removed: [] },
    addressSets: { added: [], removed: [] },
    namedPortSets: { added: [], removed: [] },
  }
  nodes.set(node, made)
  return made
}

export function differenceOf<S, T>(differences: Map<S, Difference<T>>, of: S): Difference<T> {
  const known = differences.get(of)
  if (known !== undefined) return known
  const made: Difference<T> = { added: [], removed: [] }
  differences.set(of, made)
  return made
}

export function finishDelta(
  draft: DeltaDraft,
  batch: Batch,
  families: ProgramDelta["families"],
): ProgramDelta {
  for (const node of batch.nodes.keys()) changesOf(draft, node)
  return {
    families,
    sets: finishSets(draft, draft.addressSets),
    namedPortSets: finishSets(draft, draft.namedPortSets),
    nodes: Array.from(draft.nodes, ([node, changes]) => finishNode(node, changes, batch)).filter(
      (node) => node !== null,
    ),
    lostClasses: lostClasses(draft),
    forget: draft.forget,
  }
}

function lostClasses({ nodes }: DeltaDraft): readonly PolicyClass[] {
  const lost = new Set<PolicyClass>()
  for (const { classes } of nodes.values())
    for (const { policyClass } of classes.removed) lost.add(policyClass)
  return [...lost]
}

interface FinishedSet<T> {
  readonly key: string
  readonly added: readonly T[]
  readonly removed: readonly T[]
  readonly nodes: readonly string[]
}

function finishSets<T>(
  { gained }: DeltaDraft,
  differences: ReadonlyMap<SharedSet, Difference<T>>,
): readonly FinishedSet<T>[] {
  const sets: FinishedSet<T>[] = []
  for (const [set, { added, removed }] of differences) {
    const nodes = namesOf(set.nodes, gained.get(set))
    if (nodes.length > 0) sets.push({ key: set.key, added, removed, nodes })
  }
  return sets
}

function namesOf(nodes: Bag<NodeState>, without: ReadonlySet<NodeState> | undefined): readonly string[] {
  const names: string[] = []
  for (const node of nodes) if (!without?.has(node)) names.push(node.name)
  return names
}

/** Null where nothing has changed after all. */
function finishNode(node: NodeState, changes: NodeChanges, batch: Batch): NodeDelta | null {
  const before = batch.nodes.get(node) ?? { existed: true, podCIDRs: node.podCIDRs }
  const exists = isNamed(node)
  if (!before.existed && !exists) return null
  const sameCIDRs = before.podCIDRs.join() === node.podCIDRs.join()
  const state = exists ? (before.existed ? "kept" : "added") : "removed"
  const lists = finishLists(changes)
  const isEmpty = Object.values(lists).every((list) => list.length === 0)
  if (state === "kept" && sameCIDRs && isEmpty) return null
  return { node: node.name, state, podCIDRs: sameCIDRs ? null : node.podCIDRs, ...lists }
}

function finishLists(changes: NodeChanges): Omit<NodeDelta, "node" | "state" | "podCIDRs"> {
  const { endpoints, changedAddresses, removedAddresses, classes, addressSets, namedPortSets } = changes
  return {
    endpoints,
    changedAddresses,
    removedAddresses,
    addedClasses: classes.added.map(({ policyClass }) => policyClass.key),
    removedClasses: classes.removed.map(({ policyClass }) => policyClass.key),
    addedSets: addressSets.added.map(({ key }) => key),
    removedSets: addressSets.removed.map(({ key }) => key),
    addedNamedPortSets: namedPortSets.added.map(({ key }) => key),
    removedNamedPortSets: namedPortSets.removed.map(({ key }) => key),
  }
}
