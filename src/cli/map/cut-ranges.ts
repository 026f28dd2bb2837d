// Addresses outside, cut where any range begins or ends.
//
// Connectivity cuts sources by the blocks of ingress rules and destinations by those of egress rules, so its ranges
// overlap; a piece is inside of one range of each, or of none.

import type { RangeEnd } from "../../analysis/end.ts"
import { type Address, formatAddress, parseAddress } from "../../compile/address-ranges.ts"
import type { AddressFamily } from "../../compile/snapshot.ts"

export interface CutRanges {
  readonly pieces: readonly RangeEnd[]
  /** Places of the pieces that are inside of a range, from the first to before the last. */
  readonly inside: (range: RangeEnd) => readonly [from: number, end: number]
}

export function cutRanges(ranges: readonly RangeEnd[]): CutRanges {
  const spans = ranges.flatMap((range) => spanOf(range) ?? [])
  const parts = (["IPv4", "IPv6"] as const).map((family) =>
    piecesOf(spans.filter((span) => span.family === family)),
  )
  const pieces = parts.flat()
  const starts = new Map(pieces.map(({ family, from }, place) => [key(family, from), place]))
  const ends = new Map(pieces.map(({ family, to }, place) => [key(family, to), place + 1]))
  return {
    pieces: pieces.map(({ family, from, to }) => ({
      kind: "range",
      from: formatAddress(addressOf(family, from)),
      to: formatAddress(addressOf(family, to)),
    })),
    inside: (range) => {
      const span = spanOf(range)
      if (span === undefined) return [0, 0]
      return [starts.get(key(span.family, span.from)) ?? 0, ends.get(key(span.family, span.to)) ?? 0]
    },
  }
}

/** Inclusive. */
interface Span {
  readonly family: AddressFamily
  readonly from: bigint
  readonly to: bigint
}

function spanOf({ from, to }: RangeEnd): Span | undefined {
  const [first, last] = [parseAddress(from), parseAddress(to)]
  if (first === undefined || last === undefined || first.family !== last.family) return undefined
  return { family: first.family, from: BigInt(first.value), to: BigInt(last.value) }
}

/** Of one family. */
function piecesOf(spans: readonly Span[]): readonly Span[] {
  const cuts = [...new Set(spans.flatMap(({ from, to }) => [from, to + 1n]))].toSorted(ascending)
  const sorted = spans.toSorted((left, right) => ascending(left.from, right.from))
  const pieces: Span[] = []
  let next = 0
  let covered = 0n
  cuts.slice(0, -1).forEach((from, place) => {
    for (let span = sorted[next]; span !== undefined && span.from <= from; span = sorted[++next]) {
      if (span.to + 1n > covered) covered = span.to + 1n
    }
    const end = cuts[place + 1]
    const family = spans[0]?.family
    if (end !== undefined && family !== undefined && end <= covered)
      pieces.push({ family, from, to: end - 1n })
  })
  return pieces
}

function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function addressOf(family: AddressFamily, value: bigint): Address {
  return family === "IPv4" ? { family, value: Number(value) } : { family, value }
}

function key(family: AddressFamily, value: bigint): string {
  return `${family} ${value}`
}
