// What the engine remembers between changes, and how the pieces point at each other:
//
//   address -> pod -> label set -> identity -> expressions that hold it -> policies (subject), sets (member)
//   identity -> stack -> classes -> sets        node -> classes -> sets, counted over the node's endpoints
//
// Everything is interned, one object per canonical text, so to compare references is to compare content.
// What nothing uses any longer stays until the end of its batch (reclaim.ts): it is the state before the
// batch, which deltas are computed against, and what comes back within the batch is the same object.

import type {
  Action,
  AddressBlock,
  NamedPort,
  Origin,
  PolicyReference,
  PortRange,
  Tier,
} from "../policy-ir.ts"
import type { AddressRanges, ClassKey, NodeProgram, PolicyClass, SetKey } from "../program.ts"
import type { Selector } from "../selector.ts"
import type { AddressFamily, ContainerPort, Labels } from "../snapshot.ts"
import type { Bag, ByText } from "./bag.ts"
import type { Buckets } from "./buckets.ts"
import type { LabelIndex, LabelledItems } from "./label-index.ts"
import type { SelectorIndex } from "./selector-index.ts"

export interface EngineState {
  readonly namespaces: LabelledItems<NamespaceState>
  readonly namespaceSelectors: Map<string, NamespaceSelector>
  readonly namespaceSelectorIndex: SelectorIndex<NamespaceSelector>
  /** Identities of all namespaces; made when an expression looks into many, and kept up from then on. */
  identityIndex: LabelIndex<Identity> | null
  readonly expressions: Map<string, Expression>
  readonly podSelectors: Map<string, PodSelector>
  readonly labelKeys: Mentions
  readonly portNames: Mentions
  readonly policies: Map<string, PolicyRecord>
  readonly stacks: Map<string, Stack>
  readonly classes: Map<ClassKey, ClassState>
  readonly addressSets: Map<SetKey, AddressSetState>
  readonly namedPortSets: Map<SetKey, NamedPortSetState>
  readonly pods: Map<string, PodRecord>
  readonly addresses: Map<string, AddressRecord>
  readonly nodes: Map<string, NodeState>
  readonly nodePrograms: Map<string, NodeProgram>
  /** Owned addresses and pod CIDRs of each family. */
  readonly families: Record<AddressFamily, number>
  usedFamilies: readonly AddressFamily[]
  expressionCount: number
  batch: Batch
}

/** What the changes at hand have touched, and what lost its last user. */
export interface Batch {
  readonly number: number
  readonly addresses: AddressRecord[]
  readonly identities: Identity[]
  readonly moved: LabelSet[]
  readonly nodes: Map<NodeState, NodeBefore>
  readonly unused: Unused
}

/** Candidates for reclaim.ts, which looks again whether they are still unused. */
export interface Unused {
  readonly namespaces: NamespaceState[]
  readonly namespaceSelectors: NamespaceSelector[]
  readonly labelSets: LabelSet[]
  readonly identities: Identity[]
  readonly stacks: Stack[]
  readonly classes: ClassState[]
  readonly expressions: Expression[]
  readonly labelKeys: string[]
  readonly portNames: string[]
}

export interface NodeBefore {
  readonly existed: boolean
  readonly podCIDRs: readonly string[]
}

/** Where an expression looks: one namespace, or those that a selector holds. */
export type Scope = NamespaceState | NamespaceSelector

export interface NamespaceState {
  readonly kind: "namespace"
  /** Its name. */
  readonly text: string
  labels: Labels
  /** There is a Namespace object; else its pods or a policy made it known. */
  declared: boolean
  selectors: readonly NamespaceSelector[]
  readonly expressions: SelectorIndex<Expression>
  labelSets: ByText<LabelSet>
  readonly identities: LabelledItems<Identity>
  /** Expressions that look into it by name. */
  uses: number
}

export interface NamespaceSelector {
  readonly kind: "selector"
  readonly text: string
  readonly selector: Selector
  readonly namespaces: Set<NamespaceState>
  readonly expressions: SelectorIndex<Expression>
  uses: number
}

/** Words (label keys, port names) that policies mention, and the label sets that carry a word, mentioned or not. */
export interface Mentions {
  readonly counts: Map<string, number>
  readonly carriers: Buckets<LabelSet>
}

/** Pods of one namespace with the same labels and named ports. */
export interface LabelSet {
  readonly namespace: NamespaceState
  readonly text: string
  readonly labels: Labels
  readonly ports: readonly ContainerPort[]
  pods: Bag<PodRecord>
  identity: Identity
  /** Its identity when the batch began, where that has changed. */
  before: {
    readonly identity: Identity
    readonly ingress: ClassState | null
    readonly egress: ClassState | null
  } | null
}

/** Label sets of one namespace that no selector and no named port of any policy can tell apart. */
export interface Identity {
  readonly namespace: NamespaceState
  readonly text: string
  readonly labels: Labels
  readonly ports: readonly ContainerPort[]
  readonly portsText: string
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

export interface PolicyRecord {
  readonly policy: PolicyReference
  readonly tier: Tier
  readonly order: number
  readonly subject: Expression
  readonly ingress: PolicyBlock | null
  readonly egress: PolicyBlock | null
}

export interface PolicyBlock {
  readonly isolates: boolean
  /** Rules that can match something. */
  readonly rules: readonly PolicyRule[]
}

export interface PolicyRule {
  readonly action: Action
  readonly peers: RulePeers
  readonly everyPort: boolean
  readonly ranges: readonly PortRange[]
  /** Ingress: resolved on the subject. */
  readonly names: readonly NamedPort[]
  /** Egress: resolved on the peers. */
  readonly named: readonly NamedPortPeers[]
  readonly origin: Origin
}

export interface RulePeers {
  readonly any: boolean
  readonly expressions: readonly Expression[]
  readonly blocks: readonly AddressBlock[]
  /** Union of the blocks, null where it is empty. */
  readonly ranges: AddressRanges | null
}

/** Pods that serve one of the names, which are in order and each there once. */
export interface NamedPortPeers {
  readonly expression: Expression
  readonly names: readonly NamedPort[]
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

export interface ClassState {
  readonly policyClass: PolicyClass
  readonly addressSets: readonly AddressSetState[]
  readonly namedPortSets: readonly NamedPortSetState[]
  /** Stacks. */
  uses: number
}

/** A set that classes name, and that the nodes of these classes hold. */
export interface SharedSet {
  readonly key: SetKey
  classes: Bag<ClassState>
  nodes: Bag<NodeState>
  /** Number of the batch that made it. */
  readonly since: number
}

export interface AddressSetState extends SharedSet {
  readonly expressions: readonly Expression[]
}

export interface NamedPortSetState extends SharedSet {
  readonly peers: readonly NamedPortPeers[]
}

/** A pod as it is until it is set again. */
export interface PodRecord {
  /** "namespace/name". */
  readonly key: string
  readonly uid: string
  readonly node: NodeState | null
  /** Null for pods that own no address: host-network and finished ones. */
  readonly labelSet: LabelSet | null
  readonly addresses: readonly AddressRecord[]
}

export interface AddressRecord {
  readonly address: string
  owner: PodRecord | null
  /** Others that claim it too. */
  rivals: readonly PodRecord[]
  /** Its owner and, where it has an endpoint on the owner's node, its classes, when the batch began. */
  published: PodRecord | null
  ingress: ClassState | null
  egress: ClassState | null
  touched: boolean
}

export interface NodeState {
  readonly name: string
  declared: boolean
  podCIDRs: readonly string[]
  /** Addresses that have an endpoint here. */
  readonly endpoints: Set<AddressRecord>
  readonly classes: Map<ClassState, number>
  /** Pods that name it. */
  pods: number
}
