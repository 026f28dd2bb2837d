// Marking what a change has touched; settle.ts looks at each of it once.

import type { AddressRecord, Batch, EngineState, Identity, LabelSet, NodeState } from "./state.ts"

export function createBatch(number: number): Batch {
  return {
    number,
    addresses: [],
    identities: [],
    moved: [],
    nodes: new Map(),
    unused: {
      namespaces: [],
      namespaceSelectors: [],
      labelSets: [],
      identities: [],
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
  for (const pod of pods) for (const record of pod.addresses) touchAddress(state, record)
}

/** Its policies, or what they say, may have changed. */
export function touchIdentity({ batch }: EngineState, identity: Identity): void {
  if (identity.touched) return
  identity.touched = true
  batch.identities.push(identity)
}

export function touchNode({ batch }: EngineState, node: NodeState): void {
  if (batch.nodes.has(node)) return
  batch.nodes.set(node, { existed: isNamed(node), podCIDRs: node.podCIDRs })
}

/** A Node object or a pod names it. */
export function isNamed({ declared, pods }: NodeState): boolean {
  return declared || pods > 0
}
