// What the engine remembers between changes, and how the pieces point at each other:
//
//   address -> pod -> label set -> identity -> expressions that hold it -> policies (subject), sets (member)
//   identity -> stack -> classes -> sets        node -> pods, and the classes and sets they make it need
//
// Everything is interned, one object per content, so to compare references is to compare content. What nothing
// uses any longer stays until the end of its batch (reclaim.ts): it is the state before the batch, which
// deltas are computed against, and what comes back within the batch is the same object.

import type { ClassKey, NodeProgram, PolicyClass, SetKey } from "../program.ts"
import type { Selector } from "../selector.ts"
import type { AddressFamily, ContainerPort, Enforcement, Labels } from "../snapshot.ts"
import type { Bag, ByKey } from "./bag.ts"
import type { Batch } from "./batch-state.ts"
import type { Buckets } from "./buckets.ts"
import type { LabelIndex, LabelledItems } from "./label-index.ts"
import type { NamedPortPeers, PolicyRecord } from "./policy-record.ts"
import type { SelectorIndex } from "./selector-index.ts"

export interface EngineState {
  /** The cluster's mode: of every namespace without one of its own. */
  enforcement: Enforcement
  readonly namespaces: LabelledItems<string, NamespaceState>
  /** By canonical text. */
  readonly namespaceSelectors: SelectorIndex<string, NamespaceSelector>
  readonly podSelectors: Map<string, PodSelector>
  readonly descriptions: DescriptionTree
  readonly labelKeys: Mentions
  readonly portNames: Mentions
  /** Identities of all namespaces; made when an expression looks into many, and kept up from then on. */
  identityIndex: LabelIndex<Identity> | null
  readonly policies: Map<string, PolicyRecord>
  readonly stacks: Map<string, Stack>
  readonly classes: Map<ClassKey, ClassState>
  readonly addressSets: Map<SetKey, AddressSetState>
  readonly namedPortSets: Map<SetKey, NamedPortSetState>
  readonly addresses: Map<string, AddressRecord>
  readonly nodes: Map<string, NodeState>
  readonly nodePrograms: Map<string, NodeProgram>
  /** Addresses of pods and pod CIDRs of each family. */
  readonly families: Record<AddressFamily, number>
  usedFamilies: readonly AddressFamily[]
  expressionCount: number
  /** The last mark that was used; see Marked. */
  mark: number
  batch: Batch
}

/** Where an expression looks: one namespace, or those that a selector holds. */
export type Scope = NamespaceState | NamespaceSelector

export interface NamespaceState {
  readonly kind: "namespace"
  /** Its name. */
  readonly key: string
  readonly text: string
  labels: Labels
  /** What its pods are denied is let through. */
  observed: boolean
  /** There is a Namespace object; else its pods or a policy made it known. */
  declared: boolean
  selectors: readonly NamespaceSelector[]
  readonly expressions: SelectorIndex<PodSelector, Expression>
  pods: ByKey<string, PodRecord>
  /** Those of them on the host network, which are nothing to any policy. */
  hostPods: ByKey<string, HostPod>
  labelSets: ByKey<Description, LabelSet>
  readonly identities: LabelledItems<Description, Identity>
  /** Expressions that look into it by name. */
  uses: number
}

export interface HostPod {
  /** Its name. */
  readonly key: string
  readonly namespace: NamespaceState
  readonly labels: Labels
}

export interface NamespaceSelector {
  readonly kind: "selector"
  readonly key: string
  readonly text: string
  readonly selector: Selector
  readonly namespaces: Set<NamespaceState>
  readonly expressions: SelectorIndex<PodSelector, Expression>
  uses: number
}

/** All of a pod that a policy can select it by, but its namespace: labels and named ports. */
export interface Description {
  readonly labels: Labels
  /** In order, each once. */
  readonly ports: readonly ContainerPort[]
  readonly portsText: string
  /** What of it some policy mentions; null where that is all of it. */
  projection: Description | null
  labelSets: LabelSet[]
  /** Label sets that have it, and other descriptions that are projected to it. */
  uses: number
}

/** Descriptions by their labels, key after key in order, and then by their ports. */
export interface DescriptionTree {
  byLabel: Map<string, Map<string, DescriptionTree>> | null
  withoutPorts: Description | null
  byPorts: Map<string, Description> | null
}

/** Words (label keys, port names) that policies mention, and the descriptions with a word, mentioned or not. */
export interface Mentions {
  readonly counts: Map<string, number>
  readonly carriers: Buckets<Description>
}

/** Pods of one namespace with one description. */
export interface LabelSet {
  readonly key: Description
  readonly namespace: NamespaceState
  pods: PodRecord[]
  identity: Identity
  /** Its identity when the batch began, where that has changed. */
  before: IdentityBefore | null
  /** Its place among the label sets of its description. */
  inDescription: number
}

export interface IdentityBefore {
  readonly identity: Identity
  readonly ingress: ClassState | null
  readonly egress: ClassState | null
}

/** Label sets of one namespace that no selector and no named port of any policy can tell apart. */
export interface Identity {
  /** What their descriptions are projected to. */
  readonly key: Description
  readonly labels: Labels
  readonly namespace: NamespaceState
  labelSets: Bag<LabelSet>
  expressions: readonly Expression[]
  stack: Stack | null
  ingress: ClassState | null
  egress: ClassState | null
  touched: boolean
}

/** The pod selector of expressions, which often is the same in many namespaces. */
export interface PodSelector {
  readonly text: string
  readonly selector: Selector
  uses: number
}

export interface Expression {
  /** Never used twice, for the keys of stacks. */
  readonly id: number
  readonly key: PodSelector
  readonly text: string
  readonly scope: Scope
  readonly selector: Selector
  identities: Bag<Identity>
  /** Policies whose subject it is. */
  policies: Bag<PolicyRecord>
  /** Counts changes of `policies`. */
  version: number
  addressSets: Bag<AddressSetState>
  namedPortSets: Bag<NamedPortSetState>
  /** Mentions in policies. */
  uses: number
}

/** The policies that hold an identity, by their subjects, and the named ports they are resolved on. */
export interface Stack {
  readonly key: string
  /** Sum of the versions of its subjects when its classes were built; versions only grow. */
  version: number
  ingress: ClassState
  egress: ClassState
  /** Identities. */
  uses: number
}

export interface ClassState extends Marked {
  readonly policyClass: PolicyClass
  readonly addressSets: readonly AddressSetState[]
  readonly namedPortSets: readonly NamedPortSetState[]
  /** Stacks. */
  uses: number
}

/** A set that classes name, and that the nodes of these classes hold. */
export interface SharedSet extends Marked {
  readonly key: SetKey
  classes: Bag<ClassState>
  /** Not kept up in the first batch, before which no node held anything. */
  nodes: Bag<NodeState>
  /** Number of the batch that made it. */
  readonly since: number
}

/** Tells what span.ts has met already while it looks at one node; no mark is used twice. */
export interface Marked {
  mark: number
}

export interface AddressSetState extends SharedSet {
  readonly expressions: readonly Expression[]
}

export interface NamedPortSetState extends SharedSet {
  readonly peers: readonly NamedPortPeers[]
}

/** A pod as it is until it is set again. */
export interface PodRecord {
  /** Its name. */
  readonly key: string
  readonly namespace: NamespaceState
  /** "" where it has none. */
  readonly uid: string
  readonly node: NodeState | null
  /** Null for pods that own no address: host-network and finished ones. */
  readonly labelSet: LabelSet | null
  /** Those that it claims. */
  addresses: Bag<AddressRecord>
  inLabelSet: number
  onNode: number
}

export interface AddressRecord {
  readonly address: string
  owner: PodRecord | null
  /** Others that claim it too. */
  rivals: readonly PodRecord[]
  /** Its owner and, where that had a node, its classes, when the batch began. */
  published: PodRecord | null
  ingress: ClassState | null
  egress: ClassState | null
  touched: boolean
}

export interface NodeState {
  readonly name: string
  /** There is a Node object. */
  declared: boolean
  podCIDRs: readonly string[]
  /** Every pod that names it. */
  pods: PodRecord[]
  /** Those of them that wait for an address. */
  awaiting: readonly PodRecord[]
  /** The same as it was told last: in order of uid, each uid once. */
  pending: readonly PendingState[]
  pendingTouched: boolean
  classes: readonly ClassState[]
  addressSets: readonly AddressSetState[]
  namedPortSets: readonly NamedPortSetState[]
  /** What has happened to it in this batch. */
  changes: NodeChanges | null
}

/** A pod without an address, and its classes. */
export interface PendingState {
  readonly pod: PodRecord
  readonly ingress: ClassState
  readonly egress: ClassState
}

/** A node before the batch, and what came and went since. */
export interface NodeChanges {
  readonly existed: boolean
  readonly podCIDRs: readonly string[]
  /** Addresses that have an endpoint here, and had none or another one. */
  readonly arrived: AddressRecord[]
  readonly changedAddresses: string[]
  readonly removedAddresses: string[]
  /** Its pending pods before, where they have changed. */
  pendingBefore: readonly PendingState[] | null
  /** Something went, or may have lost access. */
  narrows: boolean
  classes: Difference<ClassState>
  addressSets: Difference<AddressSetState>
  namedPortSets: Difference<NamedPortSetState>
}

export interface Difference<T> {
  readonly added: readonly T[]
  readonly removed: readonly T[]
}
