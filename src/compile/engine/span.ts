// What a node needs: the classes of its endpoints and pending pods, and the sets that these name.
//
// What came to a node adds to that. Where something went, it is worked out anew for the node: that costs as much
// as the node has pods, some hundred, and needs no counts, of which a cluster would have hundreds of thousands.

import { NONE, visitItems, withItem, withoutItem } from "./bag.ts"
import type { DeltaDraft } from "./delta-draft.ts"
import type {
  AddressRecord,
  ClassState,
  Difference,
  EngineState,
  Marked,
  NodeChanges,
  NodeState,
  SharedSet,
} from "./state.ts"

/** Tells sets which nodes hold them, after the first batch. */
export function spreadSets({ nodes }: EngineState): void {
  for (const node of nodes.values()) {
    for (const set of node.addressSets) set.nodes = withItem(set.nodes, node)
    for (const set of node.namedPortSets) set.nodes = withItem(set.nodes, node)
  }
}

/** Of every node whose endpoints have changed in this batch. */
export function updateSpans(state: EngineState, draft: DeltaDraft): void {
  for (const node of state.batch.nodes) {
    if (node.changes !== null) updateSpan(state, draft, { node, changes: node.changes })
  }
}

interface Changing {
  readonly node: NodeState
  readonly changes: NodeChanges
}

function updateSpan(state: EngineState, draft: DeltaDraft, { node, changes }: Changing): void {
  const { arrived, changedAddresses, removedAddresses } = changes
  const grows = changedAddresses.length + removedAddresses.length === 0 && !losesPending(node, changes)
  const classes = compare(state, { before: node.classes, grows }, (visit) => {
    if (grows) for (const record of arrived) visitClasses(record, visit)
    else visitOwned(node, (record) => visitClasses(record, visit))
    for (const each of node.pending) visitClasses(each, visit)
  })
  if (classes === null) return
  node.classes = classes.now
  changes.classes = classes
  const sources = grows ? classes.added : classes.now
  const addressSets = compare(state, { before: node.addressSets, grows }, (visit) => {
    for (const each of sources) for (const set of each.addressSets) visit(set)
  })
  const namedPortSets = compare(state, { before: node.namedPortSets, grows }, (visit) => {
    for (const each of sources) for (const set of each.namedPortSets) visit(set)
  })
  if (addressSets !== null) {
    node.addressSets = addressSets.now
    changes.addressSets = addressSets
    spread(addressSets, node, { draft, batch: state.batch.number })
  }
  if (namedPortSets !== null) {
    node.namedPortSets = namedPortSets.now
    changes.namedPortSets = namedPortSets
    spread(namedPortSets, node, { draft, batch: state.batch.number })
  }
}

function visitOwned({ pods }: NodeState, visit: (record: AddressRecord) => void): void {
  for (const pod of pods) {
    visitItems(pod.addresses, (record) => {
      if (record.owner === pod) visit(record)
    })
  }
}

/** A class of a pod that was pending, and of none that is or of an address that came with it. */
function losesPending({ pending }: NodeState, { pendingBefore, arrived }: NodeChanges): boolean {
  if (pendingBefore === null) return false
  const now = [...pending, ...arrived]
  return pendingBefore.some(
    ({ ingress, egress }) => !now.some((each) => each.ingress === ingress && each.egress === egress),
  )
}

function visitClasses(
  { ingress, egress }: Pick<AddressRecord, "ingress" | "egress">,
  visit: (policyClass: ClassState) => void,
): void {
  if (ingress === null || egress === null) return
  visit(ingress)
  visit(egress)
}

interface Comparison<T> extends Difference<T> {
  readonly now: readonly T[]
}

interface Before<T> {
  readonly before: readonly T[]
  /** Nothing of it has gone, and what is visited adds to it. */
  readonly grows: boolean
}

/** Null where nothing has changed. What is visited may be visited several times. */
function compare<T extends Marked>(
  state: EngineState,
  { before, grows }: Before<T>,
  visitNow: (visit: (item: T) => void) => void,
): Comparison<T> | null {
  state.mark += 2
  const [was, is] = [state.mark - 1, state.mark]
  for (const item of before) item.mark = was
  const kept: T[] = []
  const added: T[] = []
  visitNow((item) => {
    const { mark } = item
    if (mark === is) return
    item.mark = is
    if (mark === was) kept.push(item)
    else added.push(item)
  })
  if (added.length === 0 && (grows || kept.length === before.length)) return null
  if (before.length === 0) return { now: added, added, removed: NONE }
  if (grows) return { now: before.concat(added), added, removed: NONE }
  return { now: kept.concat(added), added, removed: before.filter(({ mark }) => mark === was) }
}

interface Spreading {
  readonly draft: DeltaDraft
  readonly batch: number
}

function spread(
  { added, removed }: Difference<SharedSet>,
  node: NodeState,
  { draft, batch }: Spreading,
): void {
  if (batch === 1) return
  for (const set of removed) set.nodes = withoutItem(set.nodes, node)
  for (const set of added) {
    set.nodes = withItem(set.nodes, node)
    if (set.since !== batch) gain(draft, set, node)
  }
}

function gain({ gained }: DeltaDraft, set: SharedSet, node: NodeState): void {
  const nodes = gained.get(set)
  if (nodes === undefined) gained.set(set, new Set([node]))
  else nodes.add(node)
}
