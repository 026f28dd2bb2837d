// What may flow between two identities, or between one and addresses outside.
//
// A reach belongs to a view and forgets nothing: make another one for another view.

import type { Direction } from "../compile/policy-ir.ts"
import type { AddressFamily } from "../compile/snapshot.ts"
import type { AddressPlace, ClusterView, Identity, Peer } from "./cluster-view.ts"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  intersect,
  isEqual,
  NO_CONNECTIONS,
  union,
} from "./connection-set.ts"
import {
  answerTo,
  namesPorts,
  type PeerAddress,
  passing,
  portsText,
  type ReadStack,
  readStack,
} from "./stack.ts"

export interface Reached {
  /** What flows: what observed namespaces are denied is among it. */
  readonly connections: ConnectionSet
  /** What would flow if nothing were observed. */
  readonly enforced: ConnectionSet
  /** It is not the same for every pair of addresses; `connections` is the union. */
  readonly mixed: boolean
}

export interface Reach {
  /**
   * From any pod of one to any other pod of the other. That a node reaches the pods that run on it whatever
   * policies say is not in it: it depends on the pods, not on their identity.
   */
  readonly between: (source: Peer, destination: Peer) => ConnectionSet
  readonly detail: (source: Peer, destination: Peer) => Reached
  readonly stackOf: (identity: Identity, direction: Direction) => ReadStack
  /** What one direction of the subject's policies lets through, from or to an address of a peer; nothing observed. */
  readonly passing: (subject: Peer, direction: Direction, peer: PeerAddress) => ConnectionSet
}

/** Stacks that another view's reach has, too: the same policies, and peers and namespaces that mean the same. */
export interface SharedStacks {
  readonly reach: Reach
  readonly isShared: (identity: Identity, direction: Direction) => boolean
}

export function createReach(view: ClusterView, shared?: SharedStacks): Reach {
  const own = createStacks(view)
  const stackOf = (identity: Identity, direction: Direction): ReadStack =>
    shared?.isShared(identity, direction) === true
      ? shared.reach.stackOf(identity, direction)
      : own(identity, direction)
  const both = createIntersections()
  const passes = (subject: Peer, direction: Direction, peer: PeerAddress): ConnectionSet =>
    subject.kind === "pods" ? passing(stackOf(subject, direction), peer, view) : ALL_CONNECTIONS
  const sideOf = createSides(view)
  const answer = (subject: Side, direction: Direction, [peer, place]: SidePlace): ConnectionSet => {
    if (subject.peer.kind !== "pods") return ALL_CONNECTIONS
    const known = (subject.answers[direction] ??= answersOf(stackOf(subject.peer, direction)))
    if (known.stack.tiers.length === 0) return ALL_CONNECTIONS
    return (known.byPlace[peer.first + place] ??= answerTo(known.stack, addressOf(peer, place), view))
  }
  const answersOf = createAnswers()
  const betweenPlaces = (from: SidePlace, to: SidePlace): Reached => {
    const isFreeSource = from[0].isObserved
    const isFreeDestination = to[0].isObserved
    const ingress = answer(to[0], "ingress", from)
    if (ingress === NO_CONNECTIONS && !isFreeDestination) return NOTHING
    const egress = answer(from[0], "egress", to)
    const enforced = both(egress, ingress)
    const connections =
      isFreeSource || isFreeDestination
        ? both(isFreeSource ? ALL_CONNECTIONS : egress, isFreeDestination ? ALL_CONNECTIONS : ingress)
        : enforced
    return { connections, enforced, mixed: false }
  }
  const detail = (source: Peer, destination: Peer): Reached => {
    const left = sideOf(source)
    const right = sideOf(destination)
    // Addresses that are in no block are all alike, of whatever family.
    if (left.plain !== null && left.plain === right.plain) return betweenPlaces([left, 0], [right, 0])
    let found: Reached | undefined
    let isPlainTold = false
    for (let i = 0; i < left.places.length; i++) {
      for (let j = 0; j < right.places.length; j++) {
        const from = left.places[i]
        const to = right.places[j]
        if (from === undefined || to === undefined || from.family !== to.family) continue
        const isPlain = from.blocks.size + to.blocks.size === 0
        if (isPlain && isPlainTold) continue
        isPlainTold ||= isPlain
        const next = betweenPlaces([left, i], [right, j])
        found = found === undefined ? next : joined(found, next)
      }
    }
    return found ?? NOTHING
  }
  return {
    between: (source, destination) => detail(source, destination).connections,
    detail,
    stackOf,
    passing: passes,
  }
}

/** A peer, with what is looked up again for every pair that it is in. */
interface Side {
  readonly peer: Peer
  readonly places: readonly AddressPlace[]
  /** Places are numbered, and these are its first and those behind it. */
  readonly first: number
  /** The family of the first place, where none is in a block. */
  readonly plain: AddressFamily | null
  readonly isObserved: boolean
  readonly answers: Partial<Record<Direction, Answers>>
}

type SidePlace = readonly [side: Side, place: number]

interface Answers {
  readonly stack: ReadStack
  readonly byPlace: ConnectionSet[]
}

function createSides(view: ClusterView): (peer: Peer) => Side {
  const sides = new Map<Peer, Side>()
  let places = 0
  return (peer) => {
    const known = sides.get(peer)
    if (known !== undefined) return known
    const isObserved = peer.kind === "pods" && view.isObserved(peer.namespace)
    const its = placesOf(peer)
    const plain = its.every(({ blocks }) => blocks.size === 0) ? (its[0]?.family ?? null) : null
    const made: Side = { peer, places: its, first: places, plain, isObserved, answers: {} }
    places += its.length
    sides.set(peer, made)
    return made
  }
}

function createAnswers(): (stack: ReadStack) => Answers {
  const known = new Map<ReadStack, Answers>()
  return (stack) => {
    const answers = known.get(stack) ?? { stack, byPlace: [] }
    known.set(stack, answers)
    return answers
  }
}

function addressOf({ peer, places }: Side, at: number): PeerAddress {
  const place = places[at]
  if (place === undefined) throw new Error("a peer without that place")
  return { peer, place }
}

/** Equal lists of policies are one stack, so that what it says of a peer is found out once. */
function createStacks(view: ClusterView): (identity: Identity, direction: Direction) => ReadStack {
  const byIdentity = { ingress: new Map<Identity, ReadStack>(), egress: new Map<Identity, ReadStack>() }
  const byContent = new Map<string, ReadStack>()
  return (identity, direction) => {
    const known = byIdentity[direction].get(identity)
    if (known !== undefined) return known
    const policies = view.policiesOf(identity, direction)
    const ports = direction === "ingress" && namesPorts(direction, policies) ? identity.ports : []
    const key = `${direction}\n${policies.map((each) => each.key).join("\n")}\n${portsText(ports)}`
    const stack = byContent.get(key) ?? readStack(direction, policies, ports)
    byContent.set(key, stack)
    byIdentity[direction].set(identity, stack)
    return stack
  }
}

type Intersection = (a: ConnectionSet, b: ConnectionSet) => ConnectionSet

/** Few sets meet, and often. */
function createIntersections(): Intersection {
  const known = new Map<ConnectionSet, Map<ConnectionSet, ConnectionSet>>()
  return (a, b) => {
    if (a === ALL_CONNECTIONS || a === b) return b
    if (b === ALL_CONNECTIONS) return a
    const row = known.get(a) ?? new Map<ConnectionSet, ConnectionSet>()
    if (row.size === 0) known.set(a, row)
    const before = row.get(b)
    if (before !== undefined) return before
    const made = intersect(a, b)
    row.set(b, made)
    return made
  }
}

const NOTHING: Reached = { connections: NO_CONNECTIONS, enforced: NO_CONNECTIONS, mixed: false }

function joined(before: Reached, next: Reached): Reached {
  return {
    connections: union(before.connections, next.connections),
    enforced: union(before.enforced, next.enforced),
    mixed: before.mixed || !isEqual(before.connections, next.connections),
  }
}

function placesOf(peer: Peer): readonly AddressPlace[] {
  return peer.kind === "range" ? [peer.place] : peer.places
}
