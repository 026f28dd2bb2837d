// What is left to be drawn as arrows when common parts are said once.
//
// Arrows are taken out of a square of numbers: first what anyone may do, then what all workloads of the cluster, or all of a
// namespace, have in common. Each step draws one arrow for many, and subtracts it; nothing is drawn that is not there, and what is
// left at the end is drawn one by one. A law says that the arrows together are the connectivity.

import { NOTHING } from "./connection-table.ts"
import type { GroupMatrix } from "./group-matrix.ts"
import type { Openness } from "./openness.ts"

export interface Residue {
  readonly of: (source: number, destination: number) => number
  readonly take: (source: number, destination: number, connections: number) => void
  /** What all pairs have in common that are there: an end's pair with itself counts only where it stands for several. */
  readonly common: (pairs: readonly Pair[]) => number
  /** Pairs of these sources and destinations that are there. */
  readonly pairs: (sources: readonly number[], destinations: readonly number[]) => readonly Pair[]
}

export type Pair = readonly [source: number, destination: number]

export function residueOf(matrix: GroupMatrix, { accepts, sends }: Openness): Residue {
  const { size, table } = matrix
  const left = new Int32Array(size * size)
  for (let source = 0; source < size; source++) {
    for (let destination = 0; destination < size; destination++) {
      const promised = promise([source, destination], matrix, { accepts, sends })
      left[source * size + destination] = table.subtract(matrix.connections(source, destination), promised)
    }
  }
  const of = (source: number, destination: number): number => left[source * size + destination] ?? NOTHING
  return {
    of,
    take: (source, destination, connections) => {
      left[source * size + destination] = table.subtract(of(source, destination), connections)
    },
    common: (pairs) => {
      const [first, ...rest] = pairs
      if (first === undefined) return NOTHING
      let found = of(...first)
      for (const pair of rest) {
        if (found === NOTHING) return NOTHING
        found = table.intersect(found, of(...pair))
      }
      return found
    },
    pairs: (sources, destinations) =>
      sources.flatMap((source) =>
        destinations
          .filter((destination) => source !== destination || matrix.members(source).length > 1)
          .map((destination): Pair => [source, destination]),
      ),
  }
}

/** What the arrows of "anyone" say of a pair. */
function promise([source, destination]: Pair, matrix: GroupMatrix, { accepts, sends }: Openness): number {
  const accepted = accepts[destination] ?? NOTHING
  const sent = sends[source] ?? NOTHING
  if (matrix.isOutside(source)) return accepted
  return matrix.isOutside(destination) ? sent : matrix.table.intersect(sent, accepted)
}
