// Where arrows touch cards: side by side on the left and right borders, in the order of where they come from and go to.

import type { Box, PlacedArrow, Point } from "./layout.ts"

interface Touch {
  readonly arrow: number
  readonly end: "first" | "last"
  /** The next point on the way: it decides the side and the order. */
  readonly next: Point
}

const INSET = 10

/** Boxes by node. */
export function attached(
  arrows: readonly PlacedArrow[],
  boxes: ReadonlyMap<string, Box>,
): readonly PlacedArrow[] {
  const moved = new Map<string, Point>()
  for (const [node, touches] of touchesByNode(arrows)) {
    const box = boxes.get(node)
    if (box === undefined) continue
    const isLeft = ({ next }: Touch) => next.x < box.x + box.width / 2
    spread(touches.filter(isLeft), { x: box.x, box }, moved)
    spread(
      touches.filter((touch) => !isLeft(touch)),
      { x: box.x + box.width, box },
      moved,
    )
  }
  return arrows.map((arrow, place) => {
    const inner = arrow.points.slice(1, -1)
    const ends = [moved.get(key(place, "first")), moved.get(key(place, "last"))] as const
    return { ...arrow, points: [ends[0], ...inner, ends[1]].flatMap((point) => point ?? []) }
  })
}

function touchesByNode(arrows: readonly PlacedArrow[]): ReadonlyMap<string, readonly Touch[]> {
  const touches = new Map<string, Touch[]>()
  const add = (node: string, touch: Touch): void => {
    touches.set(node, [...(touches.get(node) ?? []), touch])
  }
  arrows.forEach(({ edge, points }, arrow) => {
    const [second, beforeLast] = [points[1], points.at(-2)]
    if (second !== undefined) add(edge.source, { arrow, end: "first", next: second })
    if (beforeLast !== undefined) add(edge.destination, { arrow, end: "last", next: beforeLast })
  })
  return touches
}

function spread(
  touches: readonly Touch[],
  { x, box }: { readonly x: number; readonly box: Box },
  moved: Map<string, Point>,
): void {
  const sorted = touches.toSorted((left, right) => left.next.y - right.next.y)
  const step = Math.min(14, (box.height - 2 * INSET) / Math.max(1, sorted.length - 1))
  const start = box.y + box.height / 2 - (step * (sorted.length - 1)) / 2
  sorted.forEach(({ arrow, end }, place) => {
    moved.set(key(arrow, end), { x, y: Math.round((start + place * step) * 10) / 10 })
  })
}

function key(arrow: number, end: Touch["end"]): string {
  return `${arrow} ${end}`
}
