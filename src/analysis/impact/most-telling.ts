// Which of many changed connections are told first.
//
// DNS before all else: without it nothing is found. Then connections between workloads before those with addresses
// outside, those inside a namespace before those across, whole connections before parts of one, and those of many
// pods before those of few; then by name, so that one change always has one report.

import type { ConnectionSet } from "../connection-set.ts"

/** A workload, or addresses outside (`namespace` and `kind` are "" and `name` is "from-to"). */
export interface Side {
  readonly namespace: string
  readonly name: string
  readonly kind: string
  /** 1 for addresses. */
  readonly pods: number
  readonly text: string
  readonly dns: boolean
}

export interface FlowChange {
  readonly before: ConnectionSet
  readonly after: ConnectionSet
  readonly changed: ConnectionSet
}

/** Every source with every destination, but not with itself: they change alike. */
export interface AlikePairs<T extends FlowChange = FlowChange> {
  readonly sources: readonly Side[]
  readonly destinations: readonly Side[]
  readonly change: T
  /** Low first: what is told first. */
  readonly rank: number
  readonly dns: boolean
}

export interface TellingPair<T extends FlowChange = FlowChange> {
  readonly source: Side
  readonly destination: Side
  readonly change: T
  readonly rank: number
  readonly dns: boolean
}

export interface MostTelling<T extends FlowChange> {
  readonly offer: (pairs: AlikePairs<T>) => void
  readonly list: () => readonly TellingPair<T>[]
}

export interface RankedBy {
  readonly dns: boolean
  readonly outside: boolean
  readonly sameNamespace: boolean
  /** Nothing of the connection is there on the other side. */
  readonly whole: boolean
}

export function rankOf({ dns, outside, sameNamespace, whole }: RankedBy): number {
  return (dns ? 0 : 8) + (outside ? 4 : 0) + (sameNamespace ? 0 : 2) + (whole ? 0 : 1)
}

/** As sides must be ordered in AlikePairs. */
export function bySize(a: Side, b: Side): number {
  return b.pods - a.pods || compare(a.text, b.text)
}

/** Keeps the first `most` of all that are offered. */
export function createMostTelling<T extends FlowChange>(most: number): MostTelling<T> {
  let kept: TellingPair<T>[] = []
  let last: TellingPair<T> | undefined
  const settle = (): void => {
    kept = kept.sort(byTelling).slice(0, most)
    if (kept.length === most) last = kept.at(-1)
  }
  /** False where it is none of the first, and so nothing that comes after it is. */
  const keep = (pair: TellingPair<T>): boolean => {
    if (most === 0 || (last !== undefined && byTelling(last, pair) <= 0)) return false
    kept.push(pair)
    if (kept.length >= 2 * most) settle()
    return true
  }
  /** Of one source; false where its first destination is told no more, and so no later source's is. */
  const offerFrom = (source: Side, { destinations, change, rank, dns }: AlikePairs<T>): boolean => {
    for (const [i, destination] of destinations.entries()) {
      if (destination.text === source.text) continue
      if (!keep({ source, destination, change, rank, dns })) return i > 0
    }
    return true
  }
  return {
    offer: (pairs) => {
      for (const source of pairs.sources) if (!offerFrom(source, pairs)) return
    },
    list: () => {
      settle()
      return kept
    },
  }
}

function byTelling(a: TellingPair, b: TellingPair): number {
  return (
    a.rank - b.rank ||
    b.source.pods * b.destination.pods - a.source.pods * a.destination.pods ||
    compare(a.source.text, b.source.text) ||
    compare(a.destination.text, b.destination.text)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
