// The drawing as data: what is a card, what is an arrow, what is said once for many.

import type { Connectivity } from "../../analysis/connectivity.ts"
import type { WorkloadEnd } from "../../analysis/end.ts"
import { type Arrow, arrowsOf, type Place } from "./arrows.ts"
import { NOTHING } from "./connection-table.ts"
import type { GroupMatrix } from "./group-matrix.ts"
import { anyoneId, cardId, everyoneId, outsideId, type Side } from "./map-ids.ts"
import { type Openness, opennessOf } from "./openness.ts"
import { outsideText } from "./outside-text.ts"

export interface MapGraph {
  readonly namespaces: readonly MapNamespace[]
  readonly nodes: readonly MapNode[]
  readonly edges: readonly MapEdge[]
  readonly notes: readonly string[]
}

export interface MapNamespace {
  readonly id: string
  readonly name: string
  readonly workloads: number
}

export interface WorkloadNode {
  readonly kind: "workloads"
  readonly id: string
  readonly namespace: string
  readonly members: readonly WorkloadEnd[]
  /** Everything comes in, from anyone. */
  readonly acceptsAll: boolean
  /** Everything may go out, to anyone. */
  readonly sendsAll: boolean
  /** What the members may do with each other; empty where there is no such thing. */
  readonly among: string
  /** Some of what is said on the card would be denied, but what is denied there is only counted. */
  readonly observed: boolean
  /** Nothing tells the members apart. */
  readonly alike: boolean
}

export type MapNode =
  | WorkloadNode
  | { readonly kind: "outside"; readonly id: string; readonly lines: readonly string[]; readonly side: Side }
  | { readonly kind: "anyone"; readonly id: string; readonly side: Side }
  /** Every workload: of a namespace, or (null) of the cluster. */
  | { readonly kind: "everyone"; readonly id: string; readonly namespace: string | null; readonly side: Side }

export interface MapEdge {
  readonly source: string
  readonly destination: string
  /** As connectionText has it. */
  readonly connections: string
  /** Some of it would be denied, but what is denied there is only counted. */
  readonly observed: boolean
}

const EVERYTHING = "All Connections"

export function mapGraph(connectivity: Connectivity, matrix: GroupMatrix): MapGraph {
  const openness = opennessOf(matrix)
  const { arrows, amongMembers } = arrowsOf(matrix, openness)
  const { textOf } = matrix.table
  const namespaces = namespacesOf(connectivity)
  const drawn = arrows.filter((arrow) => !isBadge(arrow, textOf(arrow.connections)))
  const nodes = new Map<string, MapNode>(workloadNodes({ matrix, namespaces, openness, amongMembers }))
  const nodeFor = (place: Place, side: Side): string => {
    const node = otherNode(place, side, { matrix, namespaces })
    if (typeof node === "string") return node
    nodes.set(node.id, node)
    return node.id
  }
  const edges = drawn.map(({ source, destination, connections, observed }) => ({
    source: nodeFor(source, "source"),
    destination: nodeFor(destination, "destination"),
    connections: textOf(connections),
    observed,
  }))
  return { namespaces, nodes: [...nodes.values()], edges, notes: connectivity.notes }
}

/** Whoever accepts or sends everything wears it as a badge. */
function isBadge({ source, destination }: Arrow, connections: string): boolean {
  return connections === EVERYTHING && (source.kind === "anyone" || destination.kind === "anyone")
}

function namespacesOf({ ends }: Connectivity): readonly MapNamespace[] {
  const counts = new Map<string, number>()
  for (const end of ends) {
    if (end.kind === "workload") counts.set(end.namespace, (counts.get(end.namespace) ?? 0) + 1)
  }
  return [...counts].map(([name, workloads], place) => ({ id: `n${place}`, name, workloads }))
}

interface Drawn {
  readonly matrix: GroupMatrix
  readonly namespaces: readonly MapNamespace[]
}

function workloadNodes({
  matrix,
  namespaces,
  openness,
  amongMembers,
}: Drawn & { readonly openness: Openness; readonly amongMembers: readonly number[] }) {
  const { textOf } = matrix.table
  const isEverything = (number: number | undefined) => textOf(number ?? NOTHING) === EVERYTHING
  return Array.from({ length: matrix.size }, (_, group) => group).flatMap((group) => {
    const members = matrix.members(group).flatMap((end) => (end.kind === "workload" ? [end] : []))
    const [first] = members
    if (first === undefined) return []
    const node: WorkloadNode = {
      kind: "workloads",
      id: cardId(group),
      namespace: namespaceId(first.namespace, namespaces),
      members,
      acceptsAll: isEverything(openness.accepts[group]),
      sendsAll: isEverything(openness.sends[group]),
      among: textOf(amongMembers[group] ?? NOTHING),
      observed: isObserved(group, matrix),
      alike: true,
    }
    return [[node.id, node] satisfies readonly [string, MapNode]]
  })
}

/** Addresses outside have no policies: what is observed with them is by the workload's own. */
function isObserved(group: number, matrix: GroupMatrix): boolean {
  const isObservedWith = (other: number): boolean =>
    matrix.observed(other, group) || matrix.observed(group, other)
  if (isObservedWith(group)) return true
  for (let other = 0; other < matrix.size; other++) {
    if (matrix.isOutside(other) && isObservedWith(other)) return true
  }
  return false
}

function namespaceId(name: string, namespaces: readonly MapNamespace[]): string {
  return namespaces.find((namespace) => namespace.name === name)?.id ?? ""
}

/** The node of a place, or only its id where it is the card of workloads. */
function otherNode(place: Place, side: Side, { matrix, namespaces }: Drawn): MapNode | string {
  switch (place.kind) {
    case "anyone":
      return { kind: "anyone", id: anyoneId(side), side }
    case "everyone": {
      const namespace = place.namespace === null ? null : namespaceId(place.namespace, namespaces)
      return { kind: "everyone", id: everyoneId(namespace, side), namespace, side }
    }
    case "group": {
      if (!matrix.isOutside(place.group)) return cardId(place.group)
      const ranges = matrix.members(place.group).flatMap((end) => (end.kind === "range" ? [end] : []))
      return { kind: "outside", id: outsideId(place.group, side), lines: outsideText(ranges), side }
    }
  }
}
