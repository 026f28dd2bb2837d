// Who reaches whom, as a square of numbers: rows are sources, columns destinations.

import type { Connectivity } from "../../analysis/connectivity.ts"
import type { AnalysisEnd, RangeEnd, WorkloadEnd } from "../../analysis/end.ts"
import { type ConnectionTable, createConnectionTable } from "./connection-table.ts"
import { cutRanges } from "./cut-ranges.ts"

export interface Matrix {
  readonly size: number
  /** The number of a connection set. */
  readonly connections: (source: number, destination: number) => number
  /** Some of it would be denied where it is enforced. */
  readonly observed: (source: number, destination: number) => boolean
}

/** Workloads in the order of the connectivity, then addresses outside; those that have no line at all are there too. */
export interface EndMatrix extends Matrix {
  readonly ends: readonly AnalysisEnd[]
  readonly table: ConnectionTable
}

export function matrixOf({ ends: listed, lines }: Connectivity): EndMatrix {
  const { ends, placesOf } = placedEnds(listed)
  const table = createConnectionTable()
  const size = ends.length
  const cells = new Int32Array(size * size)
  const marks = new Uint8Array(size * size)
  for (const { source, destination, connections, observed } of lines) {
    const number = table.numberOf(connections)
    const [firstRow, endRow] = placesOf(source)
    const [firstColumn, endColumn] = placesOf(destination)
    for (let row = firstRow; row < endRow; row++) {
      cells.fill(number, row * size + firstColumn, row * size + endColumn)
      marks.fill(observed ? 1 : 0, row * size + firstColumn, row * size + endColumn)
    }
  }
  return {
    ends,
    table,
    size,
    connections: (source, destination) => cells[source * size + destination] ?? 0,
    observed: (source, destination) => marks[source * size + destination] === 1,
  }
}

/** From the first to before the last. */
type Places = readonly [from: number, end: number]

interface PlacedEnds {
  readonly ends: readonly AnalysisEnd[]
  readonly placesOf: (end: AnalysisEnd) => Places
}

function placedEnds(listed: readonly AnalysisEnd[]): PlacedEnds {
  const workloads = listed.flatMap((end): readonly WorkloadEnd[] => (end.kind === "workload" ? [end] : []))
  const ranges = listed.flatMap((end): readonly RangeEnd[] => (end.kind === "range" ? [end] : []))
  const { pieces, inside } = cutRanges(ranges)
  const offset = workloads.length
  const places = new Map<AnalysisEnd, Places>(workloads.map((end, place) => [end, [place, place + 1]]))
  for (const range of ranges) {
    const [from, end] = inside(range)
    places.set(range, [offset + from, offset + end])
  }
  const byKey = new Map([...places].map(([end, place]) => [endKey(end), place]))
  return {
    ends: [...workloads, ...pieces],
    placesOf: (end) => places.get(end) ?? byKey.get(endKey(end)) ?? [0, 0],
  }
}

/** For ends that were copied on the way here. */
function endKey(end: AnalysisEnd): string {
  return JSON.stringify(
    end.kind === "range" ? [end.from, end.to] : [end.namespace, end.name, end.workload, end.hostNetwork],
  )
}
