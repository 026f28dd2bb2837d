// What is left to be drawn as arrows when common parts are said once.
//
// Arrows are taken out of a square of numbers: first what anyone may do, then what all workloads of the cluster, or all of a
// namespace, have in common. Each step draws one arrow for many, and subtracts it; nothing is drawn that is not there, and what is
// left at the end is drawn one by one. A law says that the arrows together are the connectivity.

import { NOTHING } from "./connection-table.ts"
import type { GroupMatrix } from "./group-matrix.ts"
import type { Openness } from "./openness.ts"

/** Groups where arrows begin, and groups where they end. A group's pair with itself is there where it stands for several. */
export interface Rectangle {
  readonly sources: readonly number[]
  readonly destinations: readonly number[]
}

export interface Residue {
  readonly of: (source: number, destination: number) => number
  readonly pairs: (rectangle: Rectangle) => number
  /** What all pairs have in common. */
  readonly common: (rectangle: Rectangle) => number
  readonly take: (rectangle: Rectangle, connections: number) => void
  readonly observed: (rectangle: Rectangle) => boolean
}

export function residueOf(matrix: GroupMatrix, openness: Openness): Residue {
  const { size, table } = matrix
  const left = new Int32Array(size * size)
  for (let source = 0; source < size; source++) {
    for (let destination = 0; destination < size; destination++) {
      const promised = promise([source, destination], matrix, openness)
      left[source * size + destination] = table.subtract(matrix.connections(source, destination), promised)
    }
  }
  const of = (source: number, destination: number): number => left[source * size + destination] ?? NOTHING
  /** Until one of them says so. */
  const some = (rectangle: Rectangle, holds: (source: number, destination: number) => boolean): boolean =>
    somePair(rectangle, matrix, holds)
  return {
    of,
    pairs: (rectangle) => pairsOf(rectangle, matrix),
    common: (rectangle) => {
      let found: number | undefined
      some(rectangle, (source, destination) => {
        const here = of(source, destination)
        found = found === undefined ? here : table.intersect(found, here)
        return found === NOTHING
      })
      return found ?? NOTHING
    },
    take: (rectangle, connections) => {
      some(rectangle, (source, destination) => {
        left[source * size + destination] = table.subtract(of(source, destination), connections)
        return false
      })
    },
    observed: (rectangle) => some(rectangle, matrix.observed),
  }
}

function somePair(
  { sources, destinations }: Rectangle,
  matrix: GroupMatrix,
  holds: (source: number, destination: number) => boolean,
): boolean {
  for (const source of sources) {
    for (const destination of destinations) {
      if (source === destination && matrix.members(source).length < 2) continue
      if (holds(source, destination)) return true
    }
  }
  return false
}

function pairsOf({ sources, destinations }: Rectangle, matrix: GroupMatrix): number {
  const alone = new Set(sources.filter((source) => matrix.members(source).length < 2))
  return sources.length * destinations.length - destinations.filter((group) => alone.has(group)).length
}

/** What the arrows of "anyone" say of a pair. */
function promise(
  [source, destination]: readonly [number, number],
  matrix: GroupMatrix,
  openness: Openness,
): number {
  const accepted = openness.accepts[destination] ?? NOTHING
  const sent = openness.sends[source] ?? NOTHING
  if (matrix.isOutside(source)) return accepted
  return matrix.isOutside(destination) ? sent : matrix.table.intersect(sent, accepted)
}
