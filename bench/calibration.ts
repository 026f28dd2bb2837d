// A fixed piece of work, timed in every run, by which recorded figures are scaled to the machine of the moment.
//
// Map inserts and look-ups, string keys and sorting: the mix of work that compiling is.

import { performance } from "node:perf_hooks"

/** What `calibrate` took on the quiet machine on which the peers were measured, in seconds. */
const REFERENCE_SECONDS = 0.12

/** How many times slower this machine is now than the one of the recorded figures. */
export function slowness(): number {
  return median(Array.from({ length: 5 }, calibrate)) / REFERENCE_SECONDS
}

export function calibrate(): number {
  const start = performance.now()
  const seen = new Map<string, number>()
  let state = 1
  for (let i = 0; i < 400_000; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const key = `key-${state % 50_000}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  const sorted = [...seen.keys()].sort()
  if (sorted.length === 0) throw new Error("the calibration did nothing")
  return (performance.now() - start) / 1000
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2
}
