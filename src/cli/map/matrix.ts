// Who reaches whom, as a square of numbers: rows are sources, columns destinations.

import type { Connectivity } from "../../analysis/connectivity.ts"
import type { AnalysisEnd } from "../../analysis/end.ts"
import { type ConnectionTable, createConnectionTable } from "./connection-table.ts"

export interface Matrix {
  readonly size: number
  /** The number of a connection set. */
  readonly connections: (source: number, destination: number) => number
  /** Some of it would be denied where it is enforced. */
  readonly observed: (source: number, destination: number) => boolean
}

/** Ends in the order of the connectivity; those that have no line at all are there too. */
export interface EndMatrix extends Matrix {
  readonly ends: readonly AnalysisEnd[]
  readonly table: ConnectionTable
}

export function matrixOf({ ends, lines }: Connectivity): EndMatrix {
  const table = createConnectionTable()
  const size = ends.length
  const places = new Map(ends.map((end, place) => [end, place]))
  const byKey = new Map(ends.map((end, place) => [endKey(end), place]))
  const placeOf = (end: AnalysisEnd): number | undefined => places.get(end) ?? byKey.get(endKey(end))
  const cells = new Int32Array(size * size)
  const marks = new Uint8Array(size * size)
  for (const { source, destination, connections, observed } of lines) {
    const row = placeOf(source)
    const column = placeOf(destination)
    if (row === undefined || column === undefined) continue
    cells[row * size + column] = table.numberOf(connections)
    marks[row * size + column] = observed ? 1 : 0
  }
  return {
    ends,
    table,
    size,
    connections: (source, destination) => cells[source * size + destination] ?? 0,
    observed: (source, destination) => marks[source * size + destination] === 1,
  }
}

function endKey(end: AnalysisEnd): string {
  return JSON.stringify(
    end.kind === "range" ? [end.from, end.to] : [end.namespace, end.name, end.workload, end.hostNetwork],
  )
}
