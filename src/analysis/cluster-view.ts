// A cluster as analysis sees it: identities instead of pods, policies by the identities that they select.
//
// A view is of one moment. What a model is changed to is another view, also where it is only tried
// (Model.with): after a change the views from before must not be asked any more.

import type { Direction, PodExpression, PolicyIr, PolicyReference } from "../compile/policy-ir.ts"
import type {
  AddressFamily,
  ContainerPort,
  Enforcement,
  Labels,
  Node,
  Pod,
  PolicyObject,
  Service,
} from "../compile/snapshot.ts"

/** Where addresses stand among the blocks that policies name. */
export interface AddressPlace {
  /** Equal for equal places. */
  readonly key: string
  readonly family: AddressFamily
  /** Blocks that hold the address, as blockText writes them. */
  readonly blocks: ReadonlySet<string>
}

/**
 * Pods that no policy of the view can tell apart. Host-network pods are "host": they are their node, which no
 * policy selects and only blocks match.
 */
export interface Identity {
  readonly kind: "pods" | "host"
  /** Equal in two views where they mean the same pods' properties. */
  readonly key: string
  readonly namespace: string
  /** Those that some selector mentions. */
  readonly labels: Labels
  /** Those whose name some policy mentions. */
  readonly ports: readonly ContainerPort[]
  /** Of the addresses that its pods own, each place once; [] where they own none: then nothing can flow. */
  readonly places: readonly AddressPlace[]
  /** False: its pods have no address yet, which may be any one of the families that the cluster uses. */
  readonly addressed: boolean
}

/** Addresses outside, next to each other and in the same blocks; maximal. */
export interface AddressRun {
  readonly kind: "range"
  readonly from: string
  readonly to: string
  readonly place: AddressPlace
}

/** One side of a question about reach. */
export type Peer = Identity | AddressRun

export interface PolicyRecord {
  /** Equal for one policy in all views. */
  readonly key: string
  readonly object: PolicyObject
  readonly ir: PolicyIr
}

/** The pods of one controller reference as it stands, or one pod without. Finished pods are of none. */
export interface Workload {
  /** Equal for one workload in all views. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly kind: string
  readonly pods: readonly Pod[]
}

export interface ClusterView {
  readonly enforcement: Enforcement
  /** Families that the cluster is seen to use; both where it is not seen. */
  readonly families: readonly AddressFamily[]

  readonly namespaces: () => Iterable<string>
  /** kubernetes.io/metadata.name among them, also for a namespace without an object. */
  readonly namespaceLabels: (namespace: string) => Labels
  /** What its pods are denied is only counted. */
  readonly isObserved: (namespace: string) => boolean

  readonly nodes: () => Iterable<Node>
  readonly services: () => Iterable<Service>

  /** Pods that have not finished, of one namespace or of all. */
  readonly pods: (namespace?: string) => Iterable<Pod>
  /** Succeeded and Failed pods, which are in no identity. */
  readonly finishedPods: (namespace?: string) => Iterable<Pod>
  readonly pod: (namespace: string, name: string) => Pod | undefined
  /** Undefined for a finished pod and one that is not there. */
  readonly identityOf: (pod: Pick<Pod, "namespace" | "name">) => Identity | undefined

  readonly identities: (namespace?: string) => Iterable<Identity>
  readonly podsOf: (identity: Identity) => Iterable<Pod>
  readonly podCount: (identity: Identity) => number

  /** All of them, sorted by key; costs a look at every pod, once in a view. */
  readonly workloads: () => readonly Workload[]

  readonly policies: () => Iterable<PolicyRecord>
  readonly policy: (reference: PolicyReference) => PolicyRecord | undefined
  /** Those that select an identity and speak of a direction, in the order of evaluation. */
  readonly policiesOf: (identity: Identity, direction: Direction) => readonly PolicyRecord[]

  /** Whether a pod expression holds an identity. */
  readonly holds: (expression: PodExpression, identity: Identity) => boolean
  /** Every identity that a pod expression holds. */
  readonly held: (expression: PodExpression) => Iterable<Identity>

  /** All addresses, as peers of a direction: sources by the blocks of ingress rules, destinations by those of egress. */
  readonly runs: (direction: Direction) => readonly AddressRun[]
}
