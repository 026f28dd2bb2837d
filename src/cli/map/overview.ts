// A map of namespaces, for where one of workloads would be a web of arrows that nobody can follow.

import type { MapEdge, MapGraph, MapNode, WorkloadNode } from "./map-graph.ts"

/** Each namespace is one card; arrows from and to its workloads are its own, those inside of it are left out. */
export function overview(graph: MapGraph): MapGraph {
  const cards = graph.namespaces.flatMap(({ id }) => namespaceCard(id, graph.nodes))
  const others = graph.nodes.filter((node) => frameOf(node) === null)
  const frames = new Map(graph.nodes.map((node) => [node.id, frameOf(node)]))
  const cardFor = (node: string): string => {
    const frame = frames.get(node) ?? null
    return frame === null ? node : cardOfNamespace(frame)
  }
  return {
    ...graph,
    nodes: [...cards, ...others],
    edges: merged(
      graph.edges.map((edge) => ({
        ...edge,
        source: cardFor(edge.source),
        destination: cardFor(edge.destination),
      })),
    ),
  }
}

function frameOf(node: MapNode): string | null {
  return node.kind === "workloads" || node.kind === "everyone" ? node.namespace : null
}

function cardOfNamespace(namespace: string): string {
  return `all-${namespace}`
}

function namespaceCard(namespace: string, nodes: readonly MapNode[]): readonly WorkloadNode[] {
  const cards = nodes.flatMap((node) =>
    node.kind === "workloads" && node.namespace === namespace ? [node] : [],
  )
  if (cards.length === 0) return []
  return [
    {
      kind: "workloads",
      id: cardOfNamespace(namespace),
      namespace,
      members: cards.flatMap((card) => card.members),
      acceptsAll: cards.every((card) => card.acceptsAll),
      sendsAll: cards.every((card) => card.sendsAll),
      among: "",
      observed: cards.some((card) => card.observed),
      alike: cards.length === 1,
    },
  ]
}

function merged(edges: readonly MapEdge[]): readonly MapEdge[] {
  const found = new Map<string, { readonly edge: MapEdge; readonly texts: Set<string> }>()
  for (const edge of edges) {
    if (edge.source === edge.destination) continue
    const key = `${edge.source} ${edge.destination}`
    const known = found.get(key)
    const texts = (known?.texts ?? new Set()).add(edge.connections)
    const observed = edge.observed || known?.edge.observed === true
    found.set(key, { edge: { ...edge, observed }, texts })
  }
  return [...found.values()].map(({ edge, texts }) => {
    const [first = "", ...rest] = [...texts].toSorted()
    return { ...edge, connections: rest.length === 0 ? first : `${first} + ${rest.length} more` }
  })
}
