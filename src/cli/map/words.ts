// What a map says aloud: titles of cards and arrows, and the map in a sentence.

import type { PlacedMap } from "./layout.ts"
import type { MapEdge, MapNode } from "./map-graph.ts"

export function cardTitle(node: MapNode): string {
  switch (node.kind) {
    case "workloads": {
      const names = node.members.map((end) => `${end.namespace}/${end.name}[${end.workload}]`).join(", ")
      return [names, openWords(node.acceptsAll, node.sendsAll)].filter((text) => text !== "").join("; ")
    }
    case "anyone":
      return node.side === "source"
        ? "anyone, inside or outside of the cluster, as far as the sender's own policies let it"
        : "anywhere, inside or outside of the cluster, as far as the receiver's own policies let it"
    case "everyone":
      return node.namespace === null ? "every workload of the cluster" : "every workload of the namespace"
    case "outside":
      return `${node.lines.join(", ")}, outside the cluster`
  }
}

function openWords(acceptsAll: boolean, sendsAll: boolean): string {
  if (acceptsAll && sendsAll) return "accepts everything from anyone and may send everything to anyone"
  if (acceptsAll) return "accepts everything from anyone"
  return sendsAll ? "may send everything to anyone" : ""
}

export function arrowTitle(source: string, destination: string, { connections, observed }: MapEdge): string {
  const note = observed ? " (observed: some of it would be denied where policies are enforced)" : ""
  return `${source} → ${destination}: ${connections}${note}`
}

export function mapDescription({ frames, cards, arrows }: PlacedMap): string {
  const workloads = frames.reduce((total, { namespace }) => total + namespace.workloads, 0)
  const open = cards.filter(({ card: { node } }) => node.kind === "workloads" && node.acceptsAll).length
  const names = frames.map(({ namespace }) => namespace.name).join(", ")
  const openness = open === 0 ? "" : ` Cards that accept everything from anyone: ${open}.`
  return `${workloads} workloads of the namespaces ${names}, and ${arrows.length} arrows for what their network policies let flow.${openness}`
}
