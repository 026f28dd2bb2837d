// What a workload accepts from anyone and may send to anyone: said once, not drawn as an arrow to everybody.
//
// Addresses outside of the cluster have no policies, so what all of them may do is what the workload's own policies (or their absence)
// leave open. It is claimed only as far as it holds for every other workload too: between two workloads passes at least what
// the one may send to anyone and the other accepts from anyone.

import { NOTHING } from "./connection-table.ts"
import type { GroupMatrix } from "./group-matrix.ts"

export interface Openness {
  /** By group: connections that anyone may make to it, and that it may make to anyone. */
  readonly accepts: readonly number[]
  readonly sends: readonly number[]
}

export function opennessOf(matrix: GroupMatrix): Openness {
  const { table, size } = matrix
  const places = Array.from({ length: size }, (_, place) => place)
  const outside = places.filter((place) => matrix.isOutside(place))
  const workloads = places.filter((place) => !matrix.isOutside(place))
  const common = (numbers: readonly number[]): number =>
    numbers.length === 0 ? NOTHING : numbers.reduce(table.intersect)
  const sends = places.map((place) =>
    matrix.isOutside(place) ? NOTHING : common(outside.map((to) => matrix.connections(place, to))),
  )
  const accepts = places.map((place) => {
    if (matrix.isOutside(place)) return NOTHING
    const claimed = common(outside.map((from) => matrix.connections(from, place)))
    return workloads.reduce((left, source) => {
      if (source === place && matrix.members(place).length < 2) return left
      const promised = table.intersect(left, sends[source] ?? NOTHING)
      return table.subtract(left, table.subtract(promised, matrix.connections(source, place)))
    }, claimed)
  })
  return { accepts, sends }
}
