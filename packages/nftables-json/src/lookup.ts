// Sets and maps as something a packet's value is looked up in: a hash for single values, sorted
// intervals for ranges of one component, and a list for ranges inside concatenations.

import { type Key, readRange, type Value, type ValueRange } from "./constant.ts"
import type { DataType } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import { isList, stableText } from "./expression.ts"
import type { Expression } from "./schema.ts"

/** Undefined is a miss. The hit is boxed, so that a map's value may be anything. */
export type Lookup<T> = (key: Key) => Hit<T> | undefined

export interface Hit<T> {
  readonly data: T
}

export function buildLookup<T>(
  types: readonly DataType[],
  elements: Iterable<readonly [Expression, T]>,
): Lookup<T> {
  const rows = emptyRows<T>()
  for (const [key, data] of elements) addElement(rows, types, { key: unwrapped(key), data })
  return lookupOf(rows)
}

interface Rows<T> {
  /** Single values; concatenations by the text of their parts. */
  readonly exact: Map<Value, Hit<T>>
  readonly ranges: RangeRow<T>[]
  readonly concatenated: { readonly parts: readonly ValueRange[]; readonly hit: Hit<T> }[]
  /** Names that begin with: `eth*` in an interval set of ifname. */
  readonly prefixes: { readonly start: string; readonly hit: Hit<T> }[]
  /** The element `*`, what nothing else holds. */
  catchAll: Hit<T> | undefined
}

interface RangeRow<T> extends ValueRange {
  readonly hit: Hit<T>
}

function emptyRows<T>(): Rows<T> {
  return { exact: new Map(), ranges: [], concatenated: [], prefixes: [], catchAll: undefined }
}

function addElement<T>(
  rows: Rows<T>,
  types: readonly DataType[],
  { key, data }: { readonly key: Expression; readonly data: T },
): void {
  const hit = { data }
  if (key === "*") {
    rows.catchAll = hit
    return
  }
  const components = typeof key === "object" && !isList(key) && "concat" in key ? key.concat : [key]
  if (components.length !== types.length) {
    const expected = types.map((type) => type.name).join(" . ")
    throw new EvaluationError(`the element ${JSON.stringify(key)} is no ${expected}`)
  }
  const parts = components.map((part, i) => partRange(types[i], part))
  if (parts.every((part) => part.from === part.to && !isWildcard(part.from))) {
    const value = hashKey(parts.map((part) => part.from))
    const known = rows.exact.get(value)
    if (known !== undefined && !isSame(known.data, data)) throw overlap(value)
    rows.exact.set(value, hit)
    return
  }
  const [first] = parts
  if (first === undefined || parts.length > 1) rows.concatenated.push({ parts, hit })
  else if (isWildcard(first.from)) rows.prefixes.push({ start: first.from.slice(0, -1), hit })
  else rows.ranges.push({ ...first, hit })
}

function partRange(type: DataType | undefined, part: Expression): ValueRange {
  if (type === undefined) throw new EvaluationError("an element has more components than its set")
  return readRange(type, part)
}

function lookupOf<T>(rows: Rows<T>): Lookup<T> {
  const { exact, prefixes, catchAll, concatenated } = rows
  const ranges = sortedRanges(rows)
  const onlyExact = ranges.length === 0 && prefixes.length === 0 && concatenated.length === 0
  if (onlyExact) return (key) => exact.get(hashKeyOf(key)) ?? catchAll
  return (key) => {
    const hit = exact.get(hashKeyOf(key))
    if (hit !== undefined) return hit
    if (isParts(key)) return concatenated.find((row) => holdsAll(row.parts, key))?.hit ?? catchAll
    const prefix = prefixes.find((row) => typeof key === "string" && key.startsWith(row.start))
    return prefix?.hit ?? findRange(ranges, key) ?? catchAll
  }
}

/** Ordered and disjoint. The kernel takes no overlap in a map, so which of two values holds is no question. */
function sortedRanges<T>({ ranges, exact }: Rows<T>): readonly RangeRow<T>[] {
  const disjoint: { from: Value; to: Value; hit: Hit<T> }[] = []
  for (const row of ranges.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = disjoint.at(-1)
    if (last === undefined || row.from > last.to) disjoint.push({ ...row })
    else if (!isSame(last.hit.data, row.hit.data)) throw overlap(row.from)
    else if (row.to > last.to) last.to = row.to
  }
  if (disjoint.length === 0) return disjoint
  for (const [value, hit] of exact) {
    const range = findRange(disjoint, value)
    if (range !== undefined && !isSame(range.data, hit.data)) throw overlap(value)
  }
  return disjoint
}

/** The same verdict may be two objects. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && stableText(a) === stableText(b))
}

function overlap(value: Value): EvaluationError {
  return new EvaluationError(`two elements of a map hold ${String(value)}`)
}

function findRange<T>(ranges: readonly RangeRow<T>[], value: Value): Hit<T> | undefined {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = ranges[middle]
    if (row !== undefined && row.from <= value) low = middle + 1
    else high = middle
  }
  const row = ranges[low - 1]
  return row !== undefined && value >= row.from && value <= row.to ? row.hit : undefined
}

function holdsAll(parts: readonly ValueRange[], key: readonly Value[]): boolean {
  return parts.every((part, i) => {
    const value = key[i]
    return value !== undefined && value >= part.from && value <= part.to
  })
}

function hashKeyOf(key: Key): Value {
  return isParts(key) ? hashKey(key) : key
}

/** Components of one set have the same types, so text without type names tells them apart. */
function hashKey(parts: readonly Value[]): Value {
  const [first] = parts
  return parts.length === 1 && first !== undefined ? first : parts.join(" . ")
}

export function isParts(key: Key): key is readonly Value[] {
  return typeof key === "object"
}

function isWildcard(value: Value): value is string {
  return typeof value === "string" && value.endsWith("*")
}

/** An element with attributes (comment, timeout, counter) is its key. */
function unwrapped(key: Expression): Expression {
  return typeof key === "object" && !isList(key) && "elem" in key ? key.elem.val : key
}
