// Connectivity as the page wants it.

import type { AnalysisEnd, WorkloadEnd } from "../../analysis/end.ts"
import { endText } from "../../analysis/end.ts"
import { printable } from "../../analysis/printable.ts"
import { aboutWorkload, badgesOf } from "./card.ts"
import { NOTHING } from "./connection-table.ts"
import type { DrawnMap } from "./drawn-map.ts"
import type { GroupMatrix } from "./group-matrix.ts"
import type { WorkloadNode } from "./map-graph.ts"
import { anyoneId, cardId, everyoneId, outsideId } from "./map-ids.ts"
import { outsideText } from "./outside-text.ts"
import type { PageCell, PageData, PageEnd } from "./page-data.ts"

/** In the order of the connectivity's ends, which is that of their texts; addresses outside last. */
export function pageData({ matrix, graph, groups }: DrawnMap): PageData {
  const nodes = new Map(graph.nodes.flatMap((node) => (node.kind === "workloads" ? [[node.id, node]] : [])))
  const workloads = groups.flatMap((group) => {
    const node = nodes.get(cardId(group))
    return node === undefined ? [] : node.members.map((end) => workloadEnd(end, group, node))
  })
  const outside = groups.filter(matrix.isOutside).map((group) => outsideEnd(group, matrix.members(group)))
  const { texts, cells } = cellsOf(matrix, groups)
  return { ends: [...workloads.toSorted(byText), ...outside], texts, cells }
}

function byText(left: PageEnd, right: PageEnd): number {
  if (left.namespace !== right.namespace) return left.namespace < right.namespace ? -1 : 1
  return left.text < right.text ? -1 : 1
}

function workloadEnd(end: WorkloadEnd, group: number, node: WorkloadNode): PageEnd {
  // Host-network pods are their node: what stands for every workload does not stand for them.
  const hubs = end.hostNetwork ? [] : [node.namespace, null]
  return {
    text: printable(endText(end)),
    namespace: printable(end.namespace),
    name: printable(end.name),
    about: printable(aboutWorkload(end)),
    badges: badgesOf(node),
    group,
    begins: [cardId(group), ...hubs.map((namespace) => everyoneId(namespace, "source"))],
    ends: [cardId(group), ...hubs.map((namespace) => everyoneId(namespace, "destination"))],
  }
}

function outsideEnd(group: number, members: readonly AnalysisEnd[]): PageEnd {
  const name = outsideText(members.flatMap((end) => (end.kind === "range" ? [end] : []))).join(", ")
  return {
    text: name,
    namespace: "",
    name,
    about: "outside the cluster",
    badges: [],
    group,
    begins: [outsideId(group, "source"), anyoneId("source")],
    ends: [outsideId(group, "destination"), anyoneId("destination")],
  }
}

function cellsOf(matrix: GroupMatrix, groups: readonly number[]): Pick<PageData, "texts" | "cells"> {
  const texts: string[] = []
  const places = new Map<number, number>()
  const textPlace = (connections: number): number => {
    const known = places.get(connections)
    if (known !== undefined) return known
    places.set(connections, texts.length)
    return texts.push(matrix.table.textOf(connections)) - 1
  }
  const cells = groups.flatMap((source) =>
    groups.flatMap((destination): readonly PageCell[] => {
      const connections = matrix.connections(source, destination)
      if (connections === NOTHING) return []
      const observed = matrix.observed(source, destination) ? 1 : 0
      return [[source, destination, textPlace(connections), observed]]
    }),
  )
  return { texts, cells }
}
