// Half-open intervals [from, end) of numbers or bigints: union, difference and membership by comparison alone.

export interface Interval<T extends number | bigint> {
  readonly from: T
  readonly end: T
}

/** Sorted, disjoint, never adjacent. */
export function merge<T extends number | bigint>(intervals: readonly Interval<T>[]): readonly Interval<T>[] {
  const merged: Interval<T>[] = []
  for (const next of [...intervals].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = merged.at(-1)
    if (last === undefined || last.end < next.from) merged.push(next)
    else if (last.end < next.end) merged[merged.length - 1] = { from: last.from, end: next.end }
  }
  return merged
}

export function subtract<T extends number | bigint>(
  from: Interval<T>,
  holes: readonly Interval<T>[],
): readonly Interval<T>[] {
  const rest: Interval<T>[] = []
  let start = from.from
  for (const hole of merge(holes)) {
    if (hole.end <= start || hole.from >= from.end) continue
    if (hole.from > start) rest.push({ from: start, end: hole.from })
    start = hole.end
  }
  if (start < from.end) rest.push({ from: start, end: from.end })
  return rest
}

/** Whether merged intervals hold a value. */
export function holds<T extends number | bigint>(intervals: readonly Interval<T>[], value: T): boolean {
  let low = 0
  let high = intervals.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const interval = intervals[middle]
    if (interval === undefined || value < interval.from) high = middle
    else if (value >= interval.end) low = middle + 1
    else return true
  }
  return false
}

/** Whether merged intervals hold all of others, which are merged too. */
export function holdsAll<T extends number | bigint>(
  general: readonly Interval<T>[],
  special: readonly Interval<T>[],
): boolean {
  let i = 0
  return special.every(({ from, end }) => {
    let around = general[i]
    while (around !== undefined && around.end < end) around = general[++i]
    return around !== undefined && around.from <= from
  })
}
