// The program: what the whole cluster enforces, in content-addressed pieces that nodes share.
//
// Border between the engine (which makes it, whole or by deltas) and the renderer (which turns one
// node's part into nftables). A key is canonical text: equal content, equal key, whatever the order
// of events that led to it. Names in the kernel are hashes of these keys, made when a node is rendered.

import type { Action, Direction, Origin, PolicyReference, Tier } from "./policy-ir.ts"
import type { AddressFamily, Enforcement, Protocol } from "./snapshot.ts"

/** Canonical text of a union of pod expressions. */
export type SetKey = string
/** Canonical text of a policy class: tiers, runs, peers, ports and isolating policies. */
export type ClassKey = string

/** Pod addresses that a union of pod expressions selects now. Members change in place. */
export interface AddressSet {
  readonly key: SetKey
  /** Addresses of both families, unsorted; pods that hold no address of their own are absent. */
  readonly members: () => Iterable<string>
}

/** (address, protocol, port) of the pods of a union of pod expressions that serve a port name. */
export interface NamedPortSet {
  readonly key: SetKey
  readonly members: () => Iterable<NamedPortMember>
}
export interface NamedPortMember {
  readonly address: string
  readonly protocol: Protocol
  readonly port: number
}

/** Sorted, disjoint, merged; inclusive bounds in canonical text. */
export interface AddressRanges {
  readonly v4: readonly AddressRange[]
  readonly v6: readonly AddressRange[]
}
export interface AddressRange {
  readonly from: string
  readonly to: string
}

/** Union of what several rules name. `any`, or a pod set and/or address ranges; neither is nothing. */
export type PeerUnion =
  | { readonly kind: "any" }
  | { readonly kind: "some"; readonly pods: SetKey | null; readonly ranges: AddressRanges | null }

/** Peers that a port interval of one protocol admits. Groups of one run are disjoint and sorted. */
export interface PortGroup {
  readonly protocol: Protocol
  readonly from: number
  readonly to: number
  readonly peers: PeerUnion
}

/** Rules of one action that follow each other, order-free, merged. Rules that match nothing are left out. */
export interface Run {
  readonly action: Action
  /** Peers matched on every protocol and port, ICMP included; null where no rule has none. */
  readonly everyPort: PeerUnion | null
  readonly ports: readonly PortGroup[]
  /** Egress named ports: destinations with the port resolved on them. */
  readonly named: SetKey | null
  readonly origins: readonly Origin[]
}

export interface Stage {
  readonly tier: Tier
  readonly runs: readonly Run[]
  /** Policies whose isolation denies the rest; [] where the next tier is tried. Sorted. */
  readonly isolatedBy: readonly PolicyReference[]
}

/** One policy stack as one direction of a pod sees it. Without stages it accepts everything. */
export interface PolicyClass {
  readonly key: ClassKey
  readonly direction: Direction
  readonly stages: readonly Stage[]
  /** What it denies is counted and logged, and passes: its pods are in an observed namespace. */
  readonly observed: boolean
}

/** A local pod address and how it is judged. */
export interface Endpoint {
  readonly address: string
  /** "namespace/name". */
  readonly pod: string
  readonly uid: string
  readonly ingress: ClassKey
  readonly egress: ClassKey
}

/** A pod that is bound to a node and has no address yet: how it will be judged. */
export interface PendingPod {
  /** Never "": pods without one (from files) are left out. */
  readonly uid: string
  /** "namespace/name". */
  readonly pod: string
  readonly ingress: ClassKey
  readonly egress: ClassKey
}

/** A node is there while a Node object or a pod names it. */
export interface NodeProgram {
  readonly node: string
  /** Sorted. Ranges in which an address the program does not know is refused. */
  readonly podCIDRs: readonly string[]
  readonly endpoints: () => Iterable<Endpoint>
  /** In order of uid, each uid once. */
  readonly pending: () => Iterable<PendingPod>
  /** What the classes of its endpoints and pending pods name, and nothing more. */
  readonly classes: () => Iterable<ClassKey>
  readonly sets: () => Iterable<SetKey>
  readonly namedPortSets: () => Iterable<SetKey>
}

/**
 * A live view of the engine: what it hands out is true until the engine's next `apply`. Functions throw for a
 * key that no class of an endpoint names.
 */
export interface Program {
  /** Families that any pod or pod CIDR of the cluster has. */
  readonly families: readonly AddressFamily[]
  readonly nodes: ReadonlyMap<string, NodeProgram>
  readonly policyClass: (key: ClassKey) => PolicyClass
  readonly addressSet: (key: SetKey) => AddressSet
  readonly namedPortSet: (key: SetKey) => NamedPortSet
}

/** What one batch of changes did to the program, net; encoded once, sent to the nodes it names. */
export interface ProgramDelta {
  /** The program's families, where they changed; else null. */
  readonly families: readonly AddressFamily[] | null
  /** The cluster's mode, where it changed; else null. */
  readonly enforcement: Enforcement | null
  /** Members that came and went, of sets that a node held before and still holds. */
  readonly sets: readonly SetDelta[]
  readonly namedPortSets: readonly NamedPortSetDelta[]
  readonly nodes: readonly NodeDelta[]
  /** The classes in any node's `removedClasses`, whole: what they named is known from nothing else. */
  readonly lostClasses: readonly PolicyClass[]
  /** Addresses whose owner (pod UID) changed or that are owned no longer: their connections end on every node. */
  readonly forget: readonly string[]
  /**
   * Policies that were set or deleted, or that may select other pods, or pods on other nodes, than before. Asked for
   * before the engine's next `apply`.
   */
  readonly touchedPolicies: () => readonly PolicyReference[]
}
export interface SetDelta {
  readonly key: SetKey
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Nodes that held the set before and still do; one that gains it reads its members from the program. */
  readonly nodes: readonly string[]
}
export interface NamedPortSetDelta {
  readonly key: SetKey
  readonly added: readonly NamedPortMember[]
  readonly removed: readonly NamedPortMember[]
  readonly nodes: readonly string[]
}
export interface NodeDelta {
  readonly node: string
  /** A node that is removed has lost everything; the lists below still say what. */
  readonly state: "added" | "kept" | "removed"
  /** The node's ranges, where they changed; else null. */
  readonly podCIDRs: readonly string[] | null
  /** Dispatch entries that came or changed, and addresses that went. */
  readonly endpoints: readonly Endpoint[]
  /** Addresses in `endpoints` that had an entry here before: the entry has changed, or its pod. */
  readonly changedAddresses: readonly string[]
  readonly removedAddresses: readonly string[]
  /** All pending pods of the node, where any of them changed, came or went; else null. */
  readonly pending: readonly PendingPod[] | null
  /** False where every entry and pending pod that was there is still there and may do all that it could by its class. */
  readonly narrows: boolean
  /** Classes and sets that the node now needs, and those it needs no longer. */
  readonly addedClasses: readonly ClassKey[]
  readonly removedClasses: readonly ClassKey[]
  readonly addedSets: readonly SetKey[]
  readonly removedSets: readonly SetKey[]
  readonly addedNamedPortSets: readonly SetKey[]
  readonly removedNamedPortSets: readonly SetKey[]
}
