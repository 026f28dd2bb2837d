// Marking what a change has touched; settle.ts looks at each of it once.

import { NONE, visitItems } from "./bag.ts"
import type { Batch } from "./batch-state.ts"
import type {
  AddressRecord,
  EngineState,
  Identity,
  LabelSet,
  NodeChanges,
  NodeState,
  PodRecord,
} from "./state.ts"

export function createBatch(number: number): Batch {
  return {
    number,
    addresses: [],
    identities: [],
    moved: [],
    nodes: [],
    pendingNodes: [],
    populations: new Set(),
    rematched: [],
    hostPods: [],
    policies: [],
    unused: {
      namespaces: [],
      namespaceSelectors: [],
      labelSets: [],
      identities: [],
      descriptions: [],
      stacks: [],
      classes: [],
      expressions: [],
      labelKeys: [],
      portNames: [],
    },
  }
}

export function touchAddress({ batch }: EngineState, record: AddressRecord): void {
  if (record.touched) return
  record.touched = true
  batch.addresses.push(record)
}

export function touchLabelSet(state: EngineState, { pods }: LabelSet): void {
  for (const pod of pods) {
    if (pod.addresses === null) touchPending(state, pod)
    else visitItems(pod.addresses, (record) => touchAddress(state, record))
  }
}

/** Of a pod without an address. */
export function touchPending({ batch }: EngineState, { node }: PodRecord): void {
  if (node === null || node.pendingTouched) return
  node.pendingTouched = true
  batch.pendingNodes.push(node)
}

/** Its policies, or what they say, may have changed. */
export function touchIdentity({ batch }: EngineState, identity: Identity): void {
  if (identity.touched) return
  identity.touched = true
  batch.identities.push(identity)
}

const SAME = { added: NONE, removed: NONE }

/** Before it is changed for the first time. */
export function touchNode({ batch }: EngineState, node: NodeState): NodeChanges {
  if (node.changes !== null) return node.changes
  const changes: NodeChanges = {
    existed: isNamed(node),
    podCIDRs: node.podCIDRs,
    arrived: [],
    changedAddresses: [],
    removedAddresses: [],
    pendingBefore: null,
    narrows: false,
    classes: SAME,
    addressSets: SAME,
    namedPortSets: SAME,
  }
  node.changes = changes
  batch.nodes.push(node)
  return changes
}

/** A Node object or a pod names it. */
export function isNamed({ declared, pods }: NodeState): boolean {
  return declared || pods.length > 0
}
