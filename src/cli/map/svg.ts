// The map as one SVG file: no script, no font and no picture from elsewhere.

import type { Connectivity } from "../../analysis/connectivity.ts"
import {
  type Card,
  type CardLine,
  LINE_HEIGHTS,
  PADDING,
  PILL_PADDING,
  TEXT_SIZES,
  textWidth,
} from "./card.ts"
import { drawnMap, type MapFocus } from "./drawn-map.ts"
import { type Box, FRAME, frameName, type PlacedArrow, type PlacedMap, type Point } from "./layout.ts"
import type { MapNode } from "./map-graph.ts"
import { markup } from "./markup.ts"
import { stillPicture } from "./picture.ts"
import { ARROW_COLOURS, MAP_STYLE, mapColours } from "./svg-style.ts"
import { arrowTitle, cardTitle, mapDescription } from "./words.ts"

export function svgFile(connectivity: Connectivity, focus: MapFocus = null): string {
  const map = stillPicture(drawnMap(connectivity, focus).graph)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${map.width} ${map.height}" width="${map.width}" height="${map.height}" role="img" aria-labelledby="title description">
<title id="title">Who reaches whom</title>
<desc id="description">${markup(mapDescription(map))}</desc>
<style>${mapColours("svg")}
${MAP_STYLE}</style>
${svgContent(map)}
</svg>
`
}

/** Without the root and the style, for a page that has its own. */
export function svgContent(map: PlacedMap): string {
  const colours = arrowColours(map)
  const names = new Map(map.cards.map(({ card }) => [card.node.id, cardTitle(card.node)]))
  const titleOf = ({ edge }: PlacedArrow): string =>
    arrowTitle(names.get(edge.source) ?? "", names.get(edge.destination) ?? "", edge)
  return [
    `<rect class="paper" width="${map.width}" height="${map.height}" rx="10"/>`,
    ...map.frames.map(frame),
    ...map.arrows.map((arrow) => arrowLine(arrow, colours.get(arrow.edge.source) ?? 0, titleOf(arrow))),
    ...map.cards.map(({ card, box }) => cardGroup(card, box)),
    ...caption(map),
    ...map.arrows.map((arrow) => arrowLabel(arrow, colours.get(arrow.edge.source) ?? 0, titleOf(arrow))),
  ].join("\n")
}

/** Sources from top to bottom, so that arrows beside each other differ. */
function arrowColours({ arrows, cards }: PlacedMap): ReadonlyMap<string, number> {
  const sources = new Set(arrows.map(({ edge }) => edge.source))
  const sorted = cards
    .filter(({ card }) => sources.has(card.node.id))
    .toSorted((left, right) => left.box.y - right.box.y || left.box.x - right.box.x)
  return new Map(sorted.map(({ card }, place) => [card.node.id, place % ARROW_COLOURS]))
}

function caption({ caption, height }: PlacedMap): readonly string[] {
  if (caption === "") return []
  return [`<text class="caption" x="28" y="${height - 18}">${markup(caption)}</text>`]
}

/** How many workloads it has is said where there is room. */
function frame({ namespace, box }: PlacedMap["frames"][number]): string {
  const name = frameName(namespace.name)
  const count = `${namespace.workloads} ${namespace.workloads === 1 ? "workload" : "workloads"}`
  const fits = textWidth(`${name}  ${count}`, FRAME.text) + 2 * FRAME.side <= box.width
  const told = fits ? `<tspan class="frame-count" dx="8">${count}</tspan>` : ""
  return `<g class="namespace"><title>${markup(namespace.name)}: ${count}</title><rect class="frame" ${place(box)} rx="12"/><text class="frame-name" x="${box.x + 14}" y="${box.y + 20}">${markup(name)}${told}</text></g>`
}

function cardGroup(card: Card, box: Box): string {
  const { node, lines } = card
  const content = lines.map((line, index) => cardLine(line, { box, above: heightOf(lines.slice(0, index)) }))
  const radius = node.kind === "workloads" ? 7 : 16
  return `<g class="${cardClass(node)}" data-node="${node.id}"><title>${markup(cardTitle(node))}</title><rect ${place(box)} rx="${radius}"/>${content.join("")}</g>`
}

function cardClass(node: MapNode): string {
  switch (node.kind) {
    case "workloads":
      return node.acceptsAll || node.sendsAll ? "card open" : "card"
    case "everyone":
      return "card many"
    case "anyone":
    case "outside":
      return "card outer"
  }
}

function heightOf(lines: readonly CardLine[]): number {
  return lines.reduce((total, { role }) => total + LINE_HEIGHTS[role], 0)
}

function cardLine(
  { role, text }: CardLine,
  { box, above }: { readonly box: Box; readonly above: number },
): string {
  const x = box.x + PADDING.x
  const top = box.y + PADDING.y + above
  const written = `<text class="${role}" x="${role === "badge" ? x + PILL_PADDING : x}" y="${rounded(top + 13)}">${markup(text)}</text>`
  if (role !== "badge") return written
  const width = rounded(textWidth(text, TEXT_SIZES.badge) + 2 * PILL_PADDING)
  return `<rect class="pill" x="${x}" y="${rounded(top + 2)}" width="${width}" height="16" rx="8"/>${written}`
}

function arrowLine({ edge, points }: PlacedArrow, colour: number, title: string): string {
  const kind = edge.observed ? " observed" : ""
  return `<g class="arrow c${colour}${kind}" data-from="${edge.source}" data-to="${edge.destination}"><title>${markup(title)}</title><path d="${curve(points)}"/><path class="head" d="${head(points)}"/></g>`
}

/** Leaves and enters each point level, so that arrows run with the layers of the map. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (first === undefined) return ""
  let previous = first
  const parts = rest.map((point) => {
    const middle = rounded((previous.x + point.x) / 2)
    const part = `C${middle} ${previous.y} ${middle} ${point.y} ${point.x} ${point.y}`
    previous = point
    return part
  })
  return `M${first.x} ${first.y}${parts.join("")}`
}

function head(points: readonly Point[]): string {
  const [before, last] = [points.at(-2), points.at(-1)]
  if (before === undefined || last === undefined) return ""
  const back = before.x <= last.x ? -8 : 8
  return `M${last.x} ${last.y}l${back} -4v8z`
}

function arrowLabel({ edge, label }: PlacedArrow, colour: number, title: string): string {
  const { box, text } = label
  const middle = rounded(box.x + box.width / 2)
  return `<g class="label c${colour}" data-from="${edge.source}" data-to="${edge.destination}"><title>${markup(title)}</title><rect ${place(box)} rx="5"/><text x="${middle}" y="${rounded(box.y + 13)}" text-anchor="middle">${markup(text)}</text></g>`
}

function place({ x, y, width, height }: Box): string {
  return `x="${x}" y="${y}" width="${width}" height="${height}"`
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10
}
