// A cluster as plain data: what the engine compiles and what the evaluator judges.
//
// Readers (files, the Kubernetes API) make it; nothing below asks where it came from. Addresses are in
// canonical text (RFC 5952 for IPv6). Policies are objects of the kinds that are registered in src/kinds.

export type Protocol = "TCP" | "UDP" | "SCTP"
export type AddressFamily = "IPv4" | "IPv6"
/** Whether what policies deny is dropped, or counted and logged and let through. */
export type Enforcement = "enforce" | "observe"

/** Read with labelValue: an inherited property such as `constructor` is not a label. */
export type Labels = Readonly<Record<string, string>>

export interface Namespace {
  readonly name: string
  /** kubernetes.io/metadata.name included. */
  readonly labels: Labels
}

/** A port of any container of a pod, init sidecars included. `name` is "" where it has none. */
export interface ContainerPort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

export interface Pod {
  readonly namespace: string
  readonly name: string
  /** "" where the manifest has none: then namespace/name stands for it. */
  readonly uid: string
  readonly labels: Labels
  /** Name of its node; "" while it is not scheduled. */
  readonly node: string
  /** status.podIPs, all families; [] while it has none. */
  readonly addresses: readonly string[]
  readonly hostNetwork: boolean
  /** Phase Succeeded or Failed: it owns its addresses no longer. */
  readonly finished: boolean
  readonly ports: readonly ContainerPort[]
  /** When its network came up (RFC 3339, condition PodReadyToStartContainers, else status.startTime); only from the API. */
  readonly networkSince?: string
  /** The workload it was made up from or belongs to, for people: {kind, name}. */
  readonly owner?: WorkloadReference
  /** Its controller's ownerReference as it stands (a Deployment's pods have a ReplicaSet's), or the manifest it is made up from. */
  readonly controller?: WorkloadReference
}

export interface WorkloadReference {
  readonly kind: string
  readonly name: string
}

export interface Node {
  readonly name: string
  readonly labels: Labels
  /** Every address of the node, tunnel and bridge addresses included where known. */
  readonly addresses: readonly string[]
  /** spec.podCIDRs, canonical, host bits masked. */
  readonly podCIDRs: readonly string[]
}

export interface ServicePort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly targetPort: number | string
  readonly nodePort?: number
}

export interface Service {
  readonly namespace: string
  readonly name: string
  /** Empty: no selector (endpoints made by hand, or ExternalName). */
  readonly selector: Labels
  readonly clusterIPs: readonly string[]
  readonly ports: readonly ServicePort[]
}

/** What every policy object of every kind has; kinds add their spec. */
export interface PolicyObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    /** "" for a cluster-wide kind. */
    readonly namespace: string
    readonly annotations?: Readonly<Record<string, string>>
    /** From the API only: what a status refers to. */
    readonly uid?: string
    readonly generation?: number
  }
  readonly spec: unknown
}

export interface Snapshot {
  readonly namespaces: readonly Namespace[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  readonly policies: readonly PolicyObject[]
}

/** One change of a snapshot, as a watch delivers it: the whole new object, or the key of what is gone. */
export type Change =
  | { readonly kind: "namespace"; readonly op: "set"; readonly value: Namespace }
  | { readonly kind: "pod"; readonly op: "set"; readonly value: Pod }
  | { readonly kind: "node"; readonly op: "set"; readonly value: Node }
  | { readonly kind: "service"; readonly op: "set"; readonly value: Service }
  | { readonly kind: "policy"; readonly op: "set"; readonly value: PolicyObject }
  | { readonly kind: "namespace" | "node"; readonly op: "delete"; readonly name: string }
  | {
      readonly kind: "pod" | "service"
      readonly op: "delete"
      readonly namespace: string
      readonly name: string
    }
  | {
      readonly kind: "policy"
      readonly op: "delete"
      readonly policyKind: string
      readonly namespace: string
      readonly name: string
    }
