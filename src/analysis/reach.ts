// What may flow between two identities, or between one and addresses outside.

import type { Direction } from "../compile/policy-ir.ts"
import type { AddressPlace, Identity, Peer, PolicyRecord } from "./cluster-view.ts"
import type { ConnectionSet } from "./connection-set.ts"

export interface Reached {
  /** What flows: what observed namespaces are denied is among it. */
  readonly connections: ConnectionSet
  /** What would flow if nothing were observed. */
  readonly enforced: ConnectionSet
  /** It is not the same for every pair of addresses; `connections` is the union. */
  readonly mixed: boolean
}

/** The policies of one direction that select a subject, in order; one object for equal lists in a view. */
export interface Stack {
  readonly direction: Direction
  readonly policies: readonly PolicyRecord[]
  /** Some policy isolates. */
  readonly isolates: boolean
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
  readonly passing: (subject: Identity, direction: Direction, peer: PeerAddress) => ConnectionSet
}

export interface PeerAddress {
  readonly peer: Peer
  readonly place: AddressPlace
}
