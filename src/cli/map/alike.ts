// Ends that nothing tells apart: whatever reaches the one reaches the other, and they reach the same.
//
// Such ends are drawn as one, which is what keeps a map of a cluster readable: the workloads of a namespace without
// policies are one card, not a web of arrows.

import type { AnalysisEnd } from "../../analysis/end.ts"
import type { EndMatrix, Matrix } from "./matrix.ts"

export interface Alike {
  /** Places of the ends, in their order; never empty. */
  readonly members: readonly number[]
  readonly first: number
}

/** Being alike is transitive, so each end is compared with the first of each group only. */
export function groupAlike(matrix: EndMatrix): readonly Alike[] {
  const groups = new Map<string, number[][]>()
  const sums = sumsOf(matrix)
  matrix.ends.forEach((end, place) => {
    const key = roomOf(end)
    const inRoom = groups.get(key) ?? []
    groups.set(key, inRoom)
    const group = inRoom.find(
      ([first = place]) => sums.mayBeAlike(first, place) && areAlike(matrix, first, place),
    )
    if (group === undefined) inRoom.push([place])
    else group.push(place)
  })
  const found = [...groups.values()].flat()
  return found
    .map((members) => ({ members, first: members[0] ?? 0 }))
    .toSorted((left, right) => left.first - right.first)
}

/** Only what stands in the same room may be drawn as one. */
function roomOf(end: AnalysisEnd): string {
  return end.kind === "range" ? "range" : JSON.stringify([end.namespace, end.hostNetwork])
}

interface Sums {
  readonly mayBeAlike: (left: number, right: number) => boolean
}

/** A sum over each end's row and column. Those of ends that are alike differ only by what the two have with each other. */
function sumsOf(matrix: EndMatrix): Sums {
  const { size, connections } = matrix
  const sums = new Int32Array(size)
  const term = (other: number, out: number, back: number): number =>
    Math.imul(other + 1, 0x9e3779b1) ^ Math.imul(out + 1, 0x85ebca6b) ^ Math.imul(back + 1, 0xc2b2ae35)
  for (let end = 0; end < size; end++) {
    let sum = 0
    for (let other = 0; other < size; other++) {
      if (other !== end) sum = (sum + term(other, connections(end, other), connections(other, end))) | 0
    }
    sums[end] = sum
  }
  const without = (end: number, other: number): number =>
    ((sums[end] ?? 0) - term(other, connections(end, other), connections(other, end))) | 0
  return { mayBeAlike: (left, right) => without(left, right) === without(right, left) }
}

function areAlike(matrix: Matrix, left: number, right: number): boolean {
  if (!isSame(matrix, [left, right], [right, left])) return false
  for (let other = 0; other < matrix.size; other++) {
    if (other === left || other === right) continue
    if (!isSame(matrix, [left, other], [right, other])) return false
    if (!isSame(matrix, [other, left], [other, right])) return false
  }
  return true
}

type Pair = readonly [source: number, destination: number]

function isSame(matrix: Matrix, left: Pair, right: Pair): boolean {
  return (
    matrix.connections(...left) === matrix.connections(...right) &&
    matrix.observed(...left) === matrix.observed(...right)
  )
}
