// Which picture of a map: workloads with arrows, namespaces with arrows, or cards without.

import { gridMap } from "./grid-layout.ts"
import { type PlacedMap, placedMap } from "./layout.ts"
import type { MapGraph } from "./map-graph.ts"
import { overview } from "./overview.ts"

/** So many arrows can be followed wherever they lead, and so many where few of them cross; they are laid out in a second or two. */
const ARROWS = { few: 60, most: 240, perCard: 2 } as const

/** A picture that stands alone. */
export function stillPicture(graph: MapGraph): PlacedMap {
  if (graph.nodes.length === 0) return gridMap(graph, "No workloads.")
  const whole = laidOut(graph)
  if (whole !== null) return whole
  const arrows = graph.edges.length
  const namespaces = overview(graph)
  const caption = `${arrows} arrows between workloads: drawn between namespaces. -o html shows them one workload at a time, --focus draws those of one.`
  const picture = laidOut(namespaces)
  if (picture !== null) return { ...picture, height: picture.height + 24, caption }
  return gridMap(
    graph,
    `${arrows} arrows, too many to draw. -o html shows them one workload at a time, --focus draws those of one.`,
  )
}

/** A picture in which workloads are chosen: what belongs to them is drawn then, so that no arrow need be there before. */
export function pagePicture(graph: MapGraph): PlacedMap {
  return (
    laidOut(graph) ??
    gridMap(
      graph,
      `${graph.edges.length} arrows, too many to draw at once: choose a workload to see its own.`,
    )
  )
}

/** Null where it would be no picture. */
function laidOut(graph: MapGraph): PlacedMap | null {
  const arrows = graph.edges.length
  if (arrows > ARROWS.few && arrows > Math.min(ARROWS.most, ARROWS.perCard * graph.nodes.length)) return null
  try {
    return placedMap(graph)
  } catch (error) {
    // dagre 3.1.3 finds no place for an arrow's end where it runs through the middle of a card.
    if (error instanceof Error) return null
    throw error
  }
}
