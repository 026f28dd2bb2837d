// Namespaces beside and below each other, without arrows: for clusters whose arrows no layout makes readable.

import type { Card } from "./card.ts"
import { type Box, FRAME, frameAround, framedCards, MARGIN, type PlacedMap } from "./layout.ts"
import type { MapGraph } from "./map-graph.ts"

const GAP = 16
const MOST_COLUMNS = 5
const WIDTH = 1800

type Placed = PlacedMap["cards"][number]

export function gridMap(graph: MapGraph, caption: string): PlacedMap {
  const frames: PlacedMap["frames"][number][] = []
  const cards: Placed[] = []
  const shelf = { x: MARGIN, y: MARGIN, height: 0 }
  const framed = framedCards(graph)
  const outside = framed.filter(({ node }) => node.kind === "outside" && node.side === "source")
  const rooms = graph.namespaces.map((namespace) => ({
    namespace,
    inside: framed.filter(({ node }) => node.kind === "workloads" && node.namespace === namespace.id),
  }))
  for (const { namespace, inside } of rooms) {
    const local = tiled(inside)
    const size = frameAround(local.map(({ box }) => box))
    if (shelf.x > MARGIN && shelf.x + size.width > WIDTH) nextShelf(shelf)
    const move = { x: shelf.x - size.x, y: shelf.y - size.y }
    frames.push({ namespace, box: moved(size, move) })
    cards.push(...local.map(({ card, box }) => ({ card, box: moved(box, move) })))
    shelf.x += size.width + GAP
    shelf.height = Math.max(shelf.height, size.height)
  }
  nextShelf(shelf)
  cards.push(...tiled(outside).map(({ card, box }) => ({ card, box: moved(box, { x: MARGIN, y: shelf.y }) })))
  return { ...sizeOf([...frames, ...cards]), frames, cards, arrows: [], caption }
}

function nextShelf(shelf: { x: number; y: number; height: number }): void {
  shelf.x = MARGIN
  shelf.y += shelf.height + GAP
  shelf.height = 0
}

/** From left to right, then below; about as wide as high. */
function tiled(cards: readonly Card[]): readonly Placed[] {
  const columns = Math.min(MOST_COLUMNS, Math.ceil(Math.sqrt(cards.length)))
  const width = Math.max(0, ...cards.map((card) => card.width))
  let y = 0
  return cards.map((card, place) => {
    const row = cards.slice(place - (place % columns), place - (place % columns) + columns)
    const box = { x: (place % columns) * (width + GAP), y, width, height: card.height }
    if (place % columns === columns - 1) y += Math.max(...row.map((each) => each.height)) + GAP
    return { card, box }
  })
}

function moved(box: Box, by: { readonly x: number; readonly y: number }): Box {
  return { ...box, x: box.x + by.x, y: box.y + by.y }
}

function sizeOf(all: readonly { readonly box: Box }[]): Pick<PlacedMap, "width" | "height"> {
  const right = all.reduce((most, { box }) => Math.max(most, box.x + box.width), 0)
  const bottom = all.reduce((most, { box }) => Math.max(most, box.y + box.height), 0)
  return { width: Math.ceil(right + MARGIN), height: Math.ceil(bottom + FRAME.title + MARGIN) }
}
