// Intervals of one data type: read from value, prefix or range, merged, and printed as nft does.

import { canonicalValue, type DataType, readValue, writeValue } from "./data-type.ts"
import { isList } from "./expression.ts"
import type { Expression } from "./schema.ts"

export interface Interval {
  readonly from: bigint
  readonly to: bigint
}

/** undefined where the expression is not a value, prefix or range of the type. */
export function readInterval(type: DataType, expression: Expression): Interval | undefined {
  if (typeof expression !== "object" || isList(expression)) return single(readValue(type, expression))
  if ("range" in expression) {
    const [from, to] = expression.range.map((end) => readValue(type, end))
    return from === undefined || to === undefined || from > to ? undefined : { from, to }
  }
  if (!("prefix" in expression)) return single(readValue(type, expression))
  const address = readValue(type, expression.prefix.addr)
  if (address === undefined || type.bits === 0) return undefined
  const host = (1n << BigInt(type.bits - expression.prefix.len)) - 1n
  return { from: address & ~host, to: address | host }
}

/** A single value, a prefix where the type has them, else a range: what nft prints for a set. */
export function writeInterval(type: DataType, { from, to }: Interval): Expression {
  if (from === to) return writeValue(type, from)
  const size = to - from + 1n
  const isAligned = type.hasPrefixes && (size & (size - 1n)) === 0n && from % size === 0n
  if (!isAligned) return { range: [writeValue(type, from), writeValue(type, to)] }
  return { prefix: { addr: writeValue(type, from), len: type.bits - (size.toString(2).length - 1) } }
}

/** Value, prefix or range of a single component, with what is not understood kept. */
export function canonicalInterval(type: DataType, expression: Expression): Expression {
  if (typeof expression !== "object") return canonicalValue(type, expression)
  const interval = readInterval(type, expression)
  return interval === undefined ? expression : writeInterval(type, interval)
}

/** Sorted; overlapping and adjacent intervals become one. */
export function mergeIntervals(intervals: readonly Interval[]): readonly Interval[] {
  const merged: { from: bigint; to: bigint }[] = []
  for (const next of intervals.toSorted(compareIntervals)) {
    const last = merged.at(-1)
    if (last === undefined || next.from > last.to + 1n) merged.push({ ...next })
    else if (next.to > last.to) last.to = next.to
  }
  return merged
}

export function compareIntervals(a: Interval, b: Interval): number {
  if (a.from !== b.from) return a.from < b.from ? -1 : 1
  if (a.to === b.to) return 0
  return a.to < b.to ? -1 : 1
}

function single(value: bigint | undefined): Interval | undefined {
  return value === undefined ? undefined : { from: value, to: value }
}
