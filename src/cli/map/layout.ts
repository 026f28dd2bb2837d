// Where everything on the map stands: dagre's layers from left to right, namespaces as frames.

import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from "@dagrejs/dagre"
import { attached } from "./attachments.ts"
import { type Card, cardOf, shortened, textWidth } from "./card.ts"
import type { MapEdge, MapGraph, MapNamespace } from "./map-graph.ts"

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Box extends Point {
  readonly width: number
  readonly height: number
}

export interface PlacedMap {
  readonly width: number
  readonly height: number
  readonly frames: readonly { readonly namespace: MapNamespace; readonly box: Box }[]
  readonly cards: readonly { readonly card: Card; readonly box: Box }[]
  readonly arrows: readonly PlacedArrow[]
  /** What the picture does not show; empty where it shows everything. */
  readonly caption: string
}

export interface PlacedArrow {
  readonly edge: MapEdge
  readonly label: { readonly text: string; readonly box: Box }
  /** From border to border; between them a curve passes near each. */
  readonly points: readonly Point[]
}

export const MARGIN = 28
export const FRAME = { side: 16, title: 30, bottom: 14, text: 13 } as const
const LABEL = { size: 11, height: 18, characters: 26 } as const

export function placedMap(graph: MapGraph): PlacedMap {
  const cards = framedCards(graph)
  const drawing = drawingOf(graph, cards)
  layout(drawing)
  const placedCards = cards.map((card) => ({ card, box: boxOf(drawing.node(card.node.id)) }))
  const arrows = graph.edges.map((edge) => placedArrow(edge, drawing))
  const frames = graph.namespaces.map((namespace) => {
    const inside = placedCards.filter(({ card }) => namespaceOf(card) === namespace.id)
    return {
      namespace,
      box: frameAround(inside.map(({ box }) => box)),
    }
  })
  const boxes = new Map(placedCards.map(({ card, box }) => [card.node.id, box]))
  return shifted({ frames, cards: placedCards, arrows: attached(arrows, boxes) })
}

/** Cards are as wide as the name of their frame at least: dagre makes room for cards only. */
export function framedCards({ nodes, namespaces }: MapGraph): readonly Card[] {
  const names = new Map(
    namespaces.map(({ id, name }) => [id, Math.ceil(textWidth(frameName(name), FRAME.text))]),
  )
  return nodes.map((node) => {
    const card = cardOf(node)
    const least = names.get(namespaceOf(card) ?? "") ?? 0
    return { ...card, width: Math.max(card.width, least) }
  })
}

export function frameName(name: string): string {
  return shortened(name, 44)
}

type Drawing = Graph<GraphLabel, NodeLabel, EdgeLabel>

function drawingOf({ namespaces, edges }: MapGraph, cards: readonly Card[]): Drawing {
  const drawing: Drawing = new Graph({ compound: true })
  drawing.setGraph({ rankdir: "LR", ranksep: 84, nodesep: 28, edgesep: 12, ranker: "network-simplex" })
  for (const { id } of namespaces) drawing.setNode(id, { width: 0, height: 0 })
  for (const card of cards) {
    drawing.setNode(card.node.id, { width: card.width, height: card.height })
    const namespace = namespaceOf(card)
    if (namespace !== null) drawing.setParent(card.node.id, namespace)
  }
  for (const edge of edges) {
    const { width, height } = labelSize(edge)
    drawing.setEdge(edge.source, edge.destination, { width, height, labelpos: "c", minlen: 1, weight: 1 })
  }
  return drawing
}

function namespaceOf({ node }: Card): string | null {
  return node.kind === "workloads" || node.kind === "everyone" ? node.namespace : null
}

function labelText({ connections }: MapEdge): string {
  return shortened(connections, LABEL.characters)
}

function labelSize(edge: MapEdge): { readonly width: number; readonly height: number } {
  return { width: Math.ceil(textWidth(labelText(edge), LABEL.size)) + 12, height: LABEL.height }
}

/** dagre gives middles. */
function boxOf({ x = 0, y = 0, width, height }: NodeLabel): Box {
  return { x: x - width / 2, y: y - height / 2, width, height }
}

function placedArrow(edge: MapEdge, drawing: Drawing): PlacedArrow {
  const { points = [], x = 0, y = 0 } = drawing.edge(edge.source, edge.destination)
  const box = boxOf({ ...labelSize(edge), x, y })
  return { edge, label: { text: labelText(edge), box }, points: levelAt(box, points) }
}

/** An arrow runs level behind its label: it enters on one side and leaves on the other. */
function levelAt({ x, y, width, height }: Box, points: readonly Point[]): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return points
  const sides = [
    { x, y: y + height / 2 },
    { x: x + width, y: y + height / 2 },
  ]
  const inner = points.slice(1, -1)
  const isRightwards = first.x <= last.x
  const before = inner.filter((point) => (isRightwards ? point.x < x : point.x > x + width))
  const after = inner.filter((point) => (isRightwards ? point.x > x + width : point.x < x))
  return [first, ...before, ...(isRightwards ? sides : sides.toReversed()), ...after, last]
}

export function frameAround(boxes: readonly Box[]): Box {
  const left = least(boxes.map(({ x }) => x)) - FRAME.side
  const top = least(boxes.map(({ y }) => y)) - FRAME.title
  const right = most(boxes.map(({ x, width }) => x + width)) + FRAME.side
  const bottom = most(boxes.map(({ y, height }) => y + height)) + FRAME.bottom
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** To whole numbers from the margin on: what is drawn is the same wherever it is computed. */
function shifted(map: Pick<PlacedMap, "frames" | "cards" | "arrows">): PlacedMap {
  const labels = map.arrows.map(({ label }) => label.box)
  const boxes = [...map.frames.map(({ box }) => box), ...map.cards.map(({ box }) => box), ...labels]
  const points = map.arrows.flatMap((arrow) => arrow.points)
  const xs = [...boxes.flatMap(({ x, width }) => [x, x + width]), ...points.map(({ x }) => x)]
  const ys = [...boxes.flatMap(({ y, height }) => [y, y + height]), ...points.map(({ y }) => y)]
  const [left, top] = [least(xs) - MARGIN, least(ys) - MARGIN]
  const point = ({ x, y }: Point): Point => ({ x: tenth(x - left), y: tenth(y - top) })
  const moved = (box: Box): Box => ({ ...point(box), width: tenth(box.width), height: tenth(box.height) })
  return {
    width: Math.ceil(most(xs) - left + MARGIN),
    height: Math.ceil(most(ys) - top + MARGIN),
    frames: map.frames.map(({ namespace, box }) => ({ namespace, box: moved(box) })),
    cards: map.cards.map(({ card, box }) => ({ card, box: moved(box) })),
    arrows: map.arrows.map(({ edge, label, points }) => ({
      edge,
      label: { text: label.text, box: moved(label.box) },
      points: points.map(point),
    })),
    caption: "",
  }
}

/** Of nothing it is 0: an empty map has a size, too. */
function least(numbers: readonly number[]): number {
  return numbers.reduce((found, each) => Math.min(found, each), numbers[0] ?? 0)
}

function most(numbers: readonly number[]): number {
  return numbers.reduce((found, each) => Math.max(found, each), numbers[0] ?? 0)
}

function tenth(number: number): number {
  return Math.round(number * 10) / 10
}
