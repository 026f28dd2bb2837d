// The program as others see it: a live view of the engine's state.

import type { Endpoint, NodeProgram, Program, SetKey } from "../program.ts"
import { endpointOf } from "./endpoints.ts"
import { addressesOf, namedPortsOf } from "./sets.ts"
import type { ClassState, EngineState, NodeState } from "./state.ts"

export function viewProgram(state: EngineState): Program {
  return {
    get families() {
      return state.usedFamilies
    },
    nodes: state.nodePrograms,
    policyClass: (key) => known(state.classes, key).policyClass,
    addressSet: (key) => {
      const set = known(state.addressSets, key)
      return { key, members: () => addressesOf(set) }
    },
    namedPortSet: (key) => {
      const set = known(state.namedPortSets, key)
      return { key, members: () => namedPortsOf(set) }
    },
  }
}

export function viewNode(node: NodeState): NodeProgram {
  return {
    node: node.name,
    get podCIDRs() {
      return node.podCIDRs
    },
    endpoints: () => endpointsOf(node),
    classes: () => Array.from(node.classes.keys(), ({ policyClass }) => policyClass.key),
    sets: () => keysOf(node, ({ addressSets }) => addressSets),
    namedPortSets: () => keysOf(node, ({ namedPortSets }) => namedPortSets),
  }
}

function endpointsOf({ endpoints }: NodeState): readonly Endpoint[] {
  const found: Endpoint[] = []
  for (const record of endpoints) {
    const endpoint = endpointOf(record)
    if (endpoint !== null) found.push(endpoint)
  }
  return found
}

function keysOf(
  { classes }: NodeState,
  setsOf: (policyClass: ClassState) => readonly { readonly key: SetKey }[],
): Iterable<SetKey> {
  const keys = new Set<SetKey>()
  for (const policyClass of classes.keys()) for (const { key } of setsOf(policyClass)) keys.add(key)
  return keys
}

function known<T>(all: ReadonlyMap<string, T>, key: string): T {
  const found = all.get(key)
  if (found === undefined) throw new Error(`the program has no ${key}`)
  return found
}
