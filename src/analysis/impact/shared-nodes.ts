// Parts of a group by whether a host-network workload shares a node with them: a node reaches the pods that run on
// it whatever policies say.

import type { GroupedWorkload, WorkloadGroup } from "../model/workload-groups.ts"
import { type NodePresence, presenceOf, sharesNode } from "../same-node.ts"
import type { SharedNodes } from "./flow-comparison.ts"
import type { Moments } from "./moments.ts"

export interface GroupPart {
  readonly group: WorkloadGroup
  readonly shared: SharedNodes
}

export type PartsByNode = (source: WorkloadGroup, destination: WorkloadGroup) => readonly GroupPart[]

export function createPartsByNode({ before, after }: Moments): PartsByNode {
  const known = new Map<GroupedWorkload, Readonly<Record<keyof SharedNodes, NodePresence>>>()
  const presences = (workload: GroupedWorkload) => {
    const found = known.get(workload) ?? {
      before: presenceOf(workload.podsBefore, before),
      after: presenceOf(workload.podsAfter, after),
    }
    known.set(workload, found)
    return found
  }
  return (source, destination) => {
    const [host] = source.hasHosts ? source.workloads() : []
    if (host === undefined) return [{ group: destination, shared: NOT_SHARED }]
    const own = presences(host)
    const parts = Map.groupBy(destination.workloads(), (each) => {
      const other = presences(each)
      return `${sharesNode(own.before, other.before)} ${sharesNode(own.after, other.after)}`
    })
    return Array.from(parts, ([key, workloads]) => ({
      group: parts.size === 1 ? destination : partOf(destination, workloads),
      shared: { before: key.startsWith("true"), after: key.endsWith("true") },
    }))
  }
}

function partOf(group: WorkloadGroup, workloads: readonly GroupedWorkload[]): WorkloadGroup {
  return { ...group, size: workloads.length, workloads: () => workloads }
}

const NOT_SHARED: SharedNodes = { before: false, after: false }
