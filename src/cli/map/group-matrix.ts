// The matrix of groups: one row for all ends that are alike. A group's cell with itself is what flows among its members.

import type { Connectivity } from "../../analysis/connectivity.ts"
import type { AnalysisEnd } from "../../analysis/end.ts"
import { type Alike, groupAlike } from "./alike.ts"
import type { ConnectionTable } from "./connection-table.ts"
import { type Matrix, matrixOf } from "./matrix.ts"

export interface GroupMatrix extends Matrix {
  readonly table: ConnectionTable
  readonly members: (group: number) => readonly AnalysisEnd[]
  readonly isOutside: (group: number) => boolean
}

export function groupMatrix(connectivity: Connectivity): GroupMatrix {
  const matrix = matrixOf(connectivity)
  const groups = groupAlike(matrix)
  const members = groups.map(({ members }) => members.flatMap((place) => matrix.ends[place] ?? []))
  const pairOf = (source: number, destination: number): readonly [number, number] => {
    const from = groups[source]
    const to = groups[destination]
    if (from === undefined || to === undefined) throw new RangeError("there is no such group")
    return [from.first, source === destination ? secondOf(to) : to.first]
  }
  return {
    table: matrix.table,
    size: groups.length,
    members: (group) => members[group] ?? [],
    isOutside: (group) => members[group]?.[0]?.kind === "range",
    connections: (source, destination) => matrix.connections(...pairOf(source, destination)),
    observed: (source, destination) => matrix.observed(...pairOf(source, destination)),
  }
}

/** A group of one has nothing among its members, and no cell with itself has anything. */
function secondOf({ members, first }: Alike): number {
  return members[1] ?? first
}
