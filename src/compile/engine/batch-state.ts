// What the engine remembers until the end of a batch.

import type { PolicyRecord } from "./policy-record.ts"
import type {
  AddressRecord,
  ClassState,
  Description,
  Expression,
  HostPod,
  Identity,
  LabelSet,
  NamespaceSelector,
  NamespaceState,
  NodeState,
  Stack,
} from "./state.ts"

/** What the changes at hand have touched, and what lost its last user. */
export interface Batch {
  readonly number: number
  readonly addresses: AddressRecord[]
  readonly identities: Identity[]
  readonly moved: LabelSet[]
  readonly nodes: NodeState[]
  /** Whose pending pods may have changed. */
  readonly pendingNodes: NodeState[]
  /** Label sets whose pods came or went, after the first batch. */
  readonly populations: Set<LabelSet>
  /** Expressions whose identities changed without a pod. */
  readonly rematched: Expression[]
  /** Host-network pods that came or went. */
  readonly hostPods: HostPod[]
  /** Those that were set or deleted. */
  readonly policies: PolicyRecord[]
  readonly unused: Unused
}

/** Candidates for reclaim.ts, which looks again whether they are still unused. */
export interface Unused {
  readonly namespaces: NamespaceState[]
  readonly namespaceSelectors: NamespaceSelector[]
  readonly labelSets: LabelSet[]
  readonly identities: Identity[]
  readonly descriptions: Description[]
  readonly stacks: Stack[]
  readonly classes: ClassState[]
  readonly expressions: Expression[]
  readonly labelKeys: string[]
  readonly portNames: string[]
}
