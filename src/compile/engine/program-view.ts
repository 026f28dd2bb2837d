// The program as others see it: a live view of the engine's state.

import type { Endpoint, NodeProgram, Program } from "../program.ts"
import { visitItems } from "./bag.ts"
import { endpointOf } from "./endpoints.ts"
import { pendingPod } from "./pending.ts"
import { addressesOf, namedPortsOf } from "./sets.ts"
import type { EngineState, NodeState } from "./state.ts"

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
    endpoints: () => endpointsOn(node),
    pending: () => node.pending.map(pendingPod),
    classes: () => node.classes.map(({ policyClass }) => policyClass.key),
    sets: () => node.addressSets.map(({ key }) => key),
    namedPortSets: () => node.namedPortSets.map(({ key }) => key),
  }
}

function endpointsOn({ pods }: NodeState): readonly Endpoint[] {
  const found: Endpoint[] = []
  for (const pod of pods) {
    visitItems(pod.addresses, (record) => {
      const endpoint = record.owner === pod ? endpointOf(record) : null
      if (endpoint !== null) found.push(endpoint)
    })
  }
  return found
}

function known<T>(all: ReadonlyMap<string, T>, key: string): T {
  const found = all.get(key)
  if (found === undefined) throw new Error(`the program has no ${key}`)
  return found
}
