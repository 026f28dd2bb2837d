// The map for Graphviz, and for whatever else reads its language: postern connectivity -o dot | dot -Tpdf

import type { Connectivity } from "../../analysis/connectivity.ts"
import { printable } from "../../analysis/printable.ts"
import { cardOf } from "./card.ts"
import { drawnMap, type MapFocus } from "./drawn-map.ts"
import type { MapEdge, MapGraph, MapNode } from "./map-graph.ts"
import { cardTitle } from "./words.ts"

export function dotFile(connectivity: Connectivity, focus: MapFocus = null): string {
  const { graph } = drawnMap(connectivity, focus)
  const outside = graph.nodes.filter((node) => namespaceOf(node) === null)
  return [
    "digraph postern {",
    '  graph [rankdir=LR, fontname="Helvetica", compound=true, nodesep=0.3, ranksep=1]',
    '  node [shape=box, style="rounded,filled", fillcolor=white, color="#5b6679", fontname="Courier", fontsize=11]',
    '  edge [color="#5b6679", fontname="Courier", fontsize=9]',
    ...graph.namespaces.flatMap((namespace) => frame(namespace, graph.nodes)),
    ...outside.map((node) => `  ${nodeLine(node)}`),
    ...graph.edges.map((edge) => `  ${edgeLine(edge)}`),
    "}",
    "",
  ].join("\n")
}

function frame({ id, name }: MapGraph["namespaces"][number], nodes: readonly MapNode[]): readonly string[] {
  const inside = nodes.filter((node) => namespaceOf(node) === id)
  return [
    `  subgraph ${quoted([`cluster-${id}`])} {`,
    `    graph [label=${quoted([name])}, labeljust=l, style="rounded,filled", fillcolor="#f1f4fa", color="#d5dce8"]`,
    ...inside.map((node) => `    ${nodeLine(node)}`),
    "  }",
  ]
}

function namespaceOf(node: MapNode): string | null {
  return node.kind === "workloads" || node.kind === "everyone" ? node.namespace : null
}

function nodeLine(node: MapNode): string {
  const label = quoted(cardOf(node).lines.map(({ text }) => text))
  const look = lookOf(node)
  return `${quoted([node.id])} [label=${label}, tooltip=${quoted([cardTitle(node)])}${look === "" ? "" : `, ${look}`}]`
}

function lookOf(node: MapNode): string {
  switch (node.kind) {
    case "workloads":
      return node.acceptsAll || node.sendsAll ? 'color="#e39a3b", fillcolor="#fff3e0"' : ""
    case "everyone":
      return 'fillcolor="#eef0ff"'
    case "anyone":
    case "outside":
      return 'style="rounded,filled,dashed", fillcolor="#eaf6f5"'
  }
}

function edgeLine({ source, destination, connections, observed }: MapEdge): string {
  const style = observed ? ", style=dashed" : ""
  return `${quoted([source])} -> ${quoted([destination])} [label=${quoted([connections])}${style}]`
}

/** A backslash begins an escape of labels (\N, \G, \l), and an ampersand may begin an HTML entity. */
function quoted(lines: readonly string[]): string {
  const escaped = lines.map((line) =>
    printable(line)
      .replaceAll("&", "&amp;")
      .replace(/[\\"]/g, (character) => `\\${character}`),
  )
  return `"${escaped.join("\\n")}"`
}
