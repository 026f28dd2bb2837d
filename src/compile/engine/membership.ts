// Members that come to and go from sets which a node held before.
//
// An address moves from one identity to another (or from and to none). What that means is worked out once
// for all addresses that move alike.

import type { NamedPortMember } from "../program.ts"
import { itemsOf, NONE } from "./bag.ts"
import { type DeltaDraft, memberChangesOf } from "./delta-draft.ts"
import { type ServedPort, servedPorts } from "./sets.ts"
import type {
  AddressRecord,
  AddressSetState,
  EngineState,
  Identity,
  NamedPortSetState,
  PodRecord,
  SharedSet,
} from "./state.ts"

/** Addresses by the identity they had when the batch began, and by the one they have now. */
export type Moves = Map<Identity | null, Map<Identity | null, string[]>>

/** Before the owner of the address is published. */
export function noteMove(moves: Moves, { address, published, owner }: AddressRecord): void {
  const before = identityBefore(published)
  const after = owner?.labelSet?.identity ?? null
  if (before === after) return
  const from = moves.get(before) ?? new Map<Identity | null, string[]>()
  moves.set(before, from)
  const alike = from.get(after)
  if (alike === undefined) from.set(after, [address])
  else alike.push(address)
}

export function publishMoves(state: EngineState, draft: DeltaDraft, moves: Moves): void {
  for (const [before, destinations] of moves) {
    for (const [after, addresses] of destinations) publishMove(state, draft, { before, after, addresses })
  }
}

interface Move {
  readonly before: Identity | null
  readonly after: Identity | null
  readonly addresses: readonly string[]
}

function identityBefore(pod: PodRecord | null): Identity | null {
  const labelSet = pod?.labelSet ?? null
  return labelSet?.before?.identity ?? labelSet?.identity ?? null
}

function publishMove(state: EngineState, draft: DeltaDraft, { before, after, addresses }: Move): void {
  for (const set of setsHolding(before, after, state.batch.number)) {
    append(memberChangesOf(draft.addressSets, set).removed, addresses)
  }
  for (const set of setsHolding(after, before, state.batch.number)) {
    append(memberChangesOf(draft.addressSets, set).added, addresses)
  }
  for (const set of namedPortSetsOf(before, after, state.batch.number)) {
    const servedBefore = before === null ? NONE : servedPorts(set.peers, before)
    const servedAfter = after === null ? NONE : servedPorts(set.peers, after)
    const removed = membersAt(addresses, without(servedBefore, servedAfter))
    const added = membersAt(addresses, without(servedAfter, servedBefore))
    if (removed.length === 0 && added.length === 0) continue
    const difference = memberChangesOf(draft.namedPortSets, set)
    append(difference.removed, removed)
    append(difference.added, added)
  }
}

/** Not push(...): a namespace may have more pods than a call takes arguments. */
function append<T>(list: T[], items: readonly T[]): void {
  for (const item of items) list.push(item)
}

/** Sets that nodes held before and that hold one identity and not the other. */
function setsHolding(
  one: Identity | null,
  other: Identity | null,
  batch: number,
): ReadonlySet<AddressSetState> {
  const found = new Set<AddressSetState>()
  const others = new Set(other?.expressions)
  for (const expression of one?.expressions ?? NONE) {
    if (others.has(expression)) continue
    for (const set of itemsOf(expression.addressSets)) {
      if (isHeldSince(set, batch) && !set.expressions.some((each) => others.has(each))) found.add(set)
    }
  }
  return found
}

function namedPortSetsOf(
  before: Identity | null,
  after: Identity | null,
  batch: number,
): ReadonlySet<NamedPortSetState> {
  const found = new Set<NamedPortSetState>()
  for (const identity of [before, after]) {
    for (const { namedPortSets } of identity?.expressions ?? NONE) {
      for (const set of itemsOf(namedPortSets)) if (isHeldSince(set, batch)) found.add(set)
    }
  }
  return found
}

/** Before this batch; a set made in it is new to every node that has it. */
function isHeldSince({ since, nodes }: SharedSet, batch: number): boolean {
  return since !== batch && nodes !== null
}

function without(ports: readonly ServedPort[], others: readonly ServedPort[]): readonly ServedPort[] {
  return ports.filter(
    ({ protocol, port }) => !others.some((other) => other.protocol === protocol && other.port === port),
  )
}

function membersAt(addresses: readonly string[], ports: readonly ServedPort[]): readonly NamedPortMember[] {
  return addresses.flatMap((address) => ports.map((port) => ({ address, ...port })))
}
