// What may flow between two identities, or between one and addresses outside.
//
// A reach belongs to a view and forgets nothing: make another one for another view.

import type { Direction } from "../compile/policy-ir.ts"
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
  namesPorts,
  type PeerAddress,
  passing,
  portsText,
  type ReadStack,
  readStack,
  type Stack,
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
  readonly stackOf: (identity: Identity, direction: Direction) => Stack
  /** What one direction of the subject's policies lets through, from or to an address of a peer; nothing observed. */
  readonly passing: (subject: Peer, direction: Direction, peer: PeerAddress) => ConnectionSet
}

export function createReach(view: ClusterView): Reach {
  const stackOf = createStacks(view)
  const both = createIntersections()
  const passes = (subject: Peer, direction: Direction, peer: PeerAddress): ConnectionSet =>
    subject.kind === "pods" ? passing(stackOf(subject, direction), peer, view) : ALL_CONNECTIONS
  const betweenPlaces = (from: PeerAddress, to: PeerAddress): Reached => {
    const egress = passes(from.peer, "egress", to)
    const ingress = passes(to.peer, "ingress", from)
    const enforced = both(egress, ingress)
    const freeSource = isObserved(view, from.peer)
    const freeDestination = isObserved(view, to.peer)
    const connections =
      freeSource || freeDestination
        ? both(freeSource ? ALL_CONNECTIONS : egress, freeDestination ? ALL_CONNECTIONS : ingress)
        : enforced
    return { connections, enforced, mixed: false }
  }
  const detail = (source: Peer, destination: Peer): Reached => {
    let found: Reached | undefined
    for (const from of placesOf(source)) {
      for (const to of placesOf(destination)) {
        if (from.family !== to.family) continue
        const next = betweenPlaces({ peer: source, place: from }, { peer: destination, place: to })
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

function isObserved(view: ClusterView, peer: Peer): boolean {
  return peer.kind === "pods" && view.isObserved(peer.namespace)
}
