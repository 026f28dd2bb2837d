// Connectivity, drawn: everybody, or only who has to do with the workloads that are asked about.

import type { Connectivity } from "../../analysis/connectivity.ts"
import { endText } from "../../analysis/end.ts"
import { NOTHING } from "./connection-table.ts"
import { type GroupMatrix, groupMatrix } from "./group-matrix.ts"
import { type MapGraph, type MapNode, mapGraph } from "./map-graph.ts"
import { cardId } from "./map-ids.ts"

/** Texts of the workloads that are asked about; null for all. */
export type MapFocus = ReadonlySet<string> | null

export interface DrawnMap {
  readonly matrix: GroupMatrix
  readonly graph: MapGraph
  /** Groups that are of interest. */
  readonly groups: readonly number[]
}

export function drawnMap(connectivity: Connectivity, focus: MapFocus): DrawnMap {
  const matrix = groupMatrix(connectivity)
  const all = Array.from({ length: matrix.size }, (_, group) => group)
  const groups = focus === null ? all : all.filter((group) => isOfInterest(group, matrix, focus))
  const graph = mapGraph(connectivity, matrix)
  return { matrix, groups, graph: withCards(graph, new Set(groups.map(cardId))) }
}

function isOfInterest(group: number, matrix: GroupMatrix, focus: ReadonlySet<string>): boolean {
  if (matrix.members(group).some((end) => focus.has(endText(end)))) return true
  for (let other = 0; other < matrix.size; other++) {
    if (matrix.connections(group, other) !== NOTHING || matrix.connections(other, group) !== NOTHING)
      return true
  }
  return false
}

function withCards(graph: MapGraph, cards: ReadonlySet<string>): MapGraph {
  const nodes = graph.nodes.filter((node) => node.kind !== "workloads" || cards.has(node.id))
  const framed = new Set(nodes.map(frameOf))
  return { ...graph, nodes, namespaces: graph.namespaces.filter(({ id }) => framed.has(id)) }
}

function frameOf(node: MapNode): string | null {
  return node.kind === "workloads" || node.kind === "everyone" ? node.namespace : null
}
