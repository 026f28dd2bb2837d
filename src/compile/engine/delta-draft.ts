// A program delta in the making.

import type { NamedPortMember, NodeDelta, PolicyClass, ProgramDelta } from "../program.ts"
import { visitItems } from "./bag.ts"
import { isNamed } from "./batch.ts"
import type { Batch } from "./batch-state.ts"
import { endpointOf } from "./endpoints.ts"
import { pendingPod } from "./pending.ts"
import type { AddressSetState, NamedPortSetState, NodeChanges, NodeState, SharedSet } from "./state.ts"

export interface DeltaDraft {
  readonly addressSets: Map<AddressSetState, MemberChanges<string>>
  readonly namedPortSets: Map<NamedPortSetState, MemberChanges<NamedPortMember>>
  /** Nodes that hold a set since this batch, where the set is older. */
  readonly gained: Map<SharedSet, Set<NodeState>>
  readonly forget: string[]
}

export interface MemberChanges<T> {
  readonly added: T[]
  readonly removed: T[]
}

export function createDeltaDraft(): DeltaDraft {
  return { addressSets: new Map(), namedPortSets: new Map(), gained: new Map(), forget: [] }
}

export function memberChangesOf<S, T>(all: Map<S, MemberChanges<T>>, set: S): MemberChanges<T> {
  const known = all.get(set)
  if (known !== undefined) return known
  const made: MemberChanges<T> = { added: [], removed: [] }
  all.set(set, made)
  return made
}

export function finishDelta(
  draft: DeltaDraft,
  { nodes }: Batch,
  settings: Pick<ProgramDelta, "families" | "enforcement" | "touchedPolicies">,
): ProgramDelta {
  return {
    ...settings,
    sets: finishSets(draft, draft.addressSets),
    namedPortSets: finishSets(draft, draft.namedPortSets),
    nodes: nodes.map(finishNode).filter((node) => node !== null),
    lostClasses: lostClasses(nodes),
    forget: draft.forget,
  }
}

interface FinishedSet<T> {
  readonly key: string
  readonly added: readonly T[]
  readonly removed: readonly T[]
  readonly nodes: readonly string[]
}

function finishSets<T>(
  { gained }: DeltaDraft,
  differences: ReadonlyMap<SharedSet, MemberChanges<T>>,
): readonly FinishedSet<T>[] {
  const sets: FinishedSet<T>[] = []
  for (const [set, { added, removed }] of differences) {
    const fresh = gained.get(set)
    const nodes: string[] = []
    visitItems(set.nodes, (node) => {
      if (!fresh?.has(node)) nodes.push(node.name)
    })
    if (nodes.length > 0) sets.push({ key: set.key, added, removed, nodes })
  }
  return sets
}

/** Null where nothing has changed after all. */
function finishNode(node: NodeState): NodeDelta | null {
  const { changes } = node
  const exists = isNamed(node)
  if (changes === null || (!changes.existed && !exists)) return null
  const sameCIDRs = isSameList(changes.podCIDRs, node.podCIDRs)
  const state = exists ? (changes.existed ? "kept" : "added") : "removed"
  if (state === "kept" && sameCIDRs && isEmpty(changes)) return null
  const delta = nodeDelta(node, state, changes)
  return sameCIDRs ? delta : { ...delta, podCIDRs: node.podCIDRs }
}

function nodeDelta(node: NodeState, state: NodeDelta["state"], changes: NodeChanges): NodeDelta {
  const { arrived, changedAddresses, removedAddresses, classes, addressSets, namedPortSets } = changes
  return {
    node: node.name,
    state,
    podCIDRs: null,
    endpoints: arrived.map(endpointOf).filter((each) => each !== null),
    changedAddresses,
    removedAddresses,
    pending: changes.pendingBefore === null ? null : node.pending.map(pendingPod),
    narrows: changes.narrows,
    addedClasses: classes.added.map(({ policyClass }) => policyClass.key),
    removedClasses: classes.removed.map(({ policyClass }) => policyClass.key),
    addedSets: addressSets.added.map(({ key }) => key),
    removedSets: addressSets.removed.map(({ key }) => key),
    addedNamedPortSets: namedPortSets.added.map(({ key }) => key),
    removedNamedPortSets: namedPortSets.removed.map(({ key }) => key),
  }
}

/** Classes and sets change only with endpoints and pending pods. */
function isEmpty({ arrived, removedAddresses, pendingBefore }: NodeChanges): boolean {
  return arrived.length === 0 && removedAddresses.length === 0 && pendingBefore === null
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}

function lostClasses(nodes: readonly NodeState[]): readonly PolicyClass[] {
  const lost = new Set<PolicyClass>()
  for (const { changes } of nodes) {
    for (const { policyClass } of changes?.classes.removed ?? []) lost.add(policyClass)
  }
  return [...lost]
}
