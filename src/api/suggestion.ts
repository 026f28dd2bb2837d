// "Did you mean ...?"

/** ", did you mean X?" where one of `offered` is close to `written`; otherwise "". */
export function suggestion(written: string, offered: Iterable<string>): string {
  const best = closest(written, offered)
  return best === undefined ? "" : `, did you mean ${best}?`
}

/** The nearest of `offered`, at most two edits and a third of its length away; letter case counts for nothing. */
export function closest(written: string, offered: Iterable<string>): string | undefined {
  if (written.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const each of offered) {
    const limit = Math.min(2, Math.floor(each.length / 3))
    // Every letter more or less is an edit.
    if (Math.abs(written.length - each.length) > limit) continue
    const distance = edits(written.toLowerCase(), each.toLowerCase())
    if (distance <= limit && distance < bestDistance) {
      best = each
      bestDistance = distance
    }
  }
  return best
}

/** Damerau-Levenshtein distance of neighbours: insert, delete, replace, swap two. */
function edits(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
