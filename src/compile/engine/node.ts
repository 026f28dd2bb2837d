// Nodes: there while a Node object or a pod names them.

import { familyOf } from "../address-ranges.ts"
import type { Node } from "../snapshot.ts"
import { NONE } from "./bag.ts"
import { touchNode } from "./batch.ts"
import { viewNode } from "./program-view.ts"
import type { EngineState, NodeState } from "./state.ts"

export function nodeNamed(state: EngineState, name: string): NodeState {
  const known = state.nodes.get(name)
  if (known !== undefined) return known
  const made: NodeState = {
    name,
    declared: false,
    podCIDRs: NONE,
    pods: [],
    awaiting: NONE,
    pending: NONE,
    pendingTouched: false,
    classes: NONE,
    addressSets: NONE,
    namedPortSets: NONE,
    changes: null,
  }
  touchNode(state, made)
  state.nodes.set(name, made)
  state.nodePrograms.set(name, viewNode(made))
  return made
}

export function setNode(state: EngineState, { name, podCIDRs }: Node): void {
  const node = nodeNamed(state, name)
  touchNode(state, node)
  node.declared = true
  setPodCIDRs(state, node, [...new Set(podCIDRs)].sort())
}

export function deleteNode(state: EngineState, name: string): void {
  const node = state.nodes.get(name)
  if (node === undefined) return
  touchNode(state, node)
  node.declared = false
  setPodCIDRs(state, node, NONE)
}

/** With the last of what named it. */
export function removeNode({ nodes, nodePrograms }: EngineState, { name }: NodeState): void {
  nodes.delete(name)
  nodePrograms.delete(name)
}

function setPodCIDRs({ families }: EngineState, node: NodeState, podCIDRs: readonly string[]): void {
  for (const cidr of node.podCIDRs) families[familyOf(cidr)] -= 1
  for (const cidr of podCIDRs) families[familyOf(cidr)] += 1
  node.podCIDRs = podCIDRs
}
