// A map read back: which end reaches which on what, from its arrows and cards alone.

import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionSetOf,
  intersect,
  NO_CONNECTIONS,
  union,
} from "../../../../src/analysis/connection-set.ts"
import type { MapGraph, MapNode, WorkloadNode } from "../../../../src/cli/map/map-graph.ts"
import type { Protocol } from "../../../../src/compile/snapshot.ts"

/** A workload, or a piece of what is outside: the text of an "outside" card, or "elsewhere". */
export type Named =
  | { readonly kind: "workload"; readonly card: WorkloadNode; readonly member: number }
  | { readonly kind: "outside"; readonly text: string }

export function reachOnMap(source: Named, destination: Named, graph: MapGraph): ConnectionSet {
  const anyone = anyoneReach(source, destination, graph)
  return graph.edges
    .filter((edge) => {
      const [from, to] = [nodeOf(edge.source, graph), nodeOf(edge.destination, graph)]
      if (from.kind === "anyone" || to.kind === "anyone") return false
      return standsFor(from, source) && standsFor(to, destination) && source !== destination
    })
    .reduce(
      (all, edge) => union(all, parsed(edge.connections)),
      union(anyone, amongReach(source, destination)),
    )
}

/** What the one may send to anyone and the other accepts from anyone. */
function anyoneReach(source: Named, destination: Named, graph: MapGraph): ConnectionSet {
  if (source.kind === "outside")
    return destination.kind === "outside" ? NO_CONNECTIONS : accepts(destination.card, graph)
  if (destination.kind === "outside") return sends(source.card, graph)
  return intersect(sends(source.card, graph), accepts(destination.card, graph))
}

function accepts(card: WorkloadNode, graph: MapGraph): ConnectionSet {
  if (card.acceptsAll) return ALL_CONNECTIONS
  const edge = graph.edges.find(
    (each) => each.destination === card.id && nodeOf(each.source, graph).kind === "anyone",
  )
  return edge === undefined ? NO_CONNECTIONS : parsed(edge.connections)
}

function sends(card: WorkloadNode, graph: MapGraph): ConnectionSet {
  if (card.sendsAll) return ALL_CONNECTIONS
  const edge = graph.edges.find(
    (each) => each.source === card.id && nodeOf(each.destination, graph).kind === "anyone",
  )
  return edge === undefined ? NO_CONNECTIONS : parsed(edge.connections)
}

function amongReach(source: Named, destination: Named): ConnectionSet {
  if (source.kind === "outside" || destination.kind === "outside") return NO_CONNECTIONS
  if (source.card !== destination.card || source.member === destination.member) return NO_CONNECTIONS
  return parsed(source.card.among)
}

function standsFor(node: MapNode, end: Named): boolean {
  switch (node.kind) {
    case "workloads":
      return end.kind === "workload" && end.card === node
    case "everyone":
      if (end.kind === "outside" || end.card.members[0]?.hostNetwork === true) return false
      return node.namespace === null || end.card.namespace === node.namespace
    case "outside":
      return end.kind === "outside" && end.text === node.lines.join(", ")
    case "anyone":
      return false
  }
}

function nodeOf(id: string, graph: MapGraph): MapNode {
  const node = graph.nodes.find((each) => each.id === id)
  if (node === undefined) throw new Error(`no node ${id}`)
  return node
}

/** What connectionText wrote. */
function parsed(text: string): ConnectionSet {
  if (text === "All Connections") return ALL_CONNECTIONS
  let protocol: Protocol = "TCP"
  const ranges = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [, named, from = "", to = from] = /^(?:(TCP|UDP|SCTP) )?(\d+)(?:-(\d+))?$/.exec(part) ?? []
      if (named === "TCP" || named === "UDP" || named === "SCTP") protocol = named
      return { protocol, from: Number(from), to: Number(to) }
    })
  return connectionSetOf(ranges)
}
