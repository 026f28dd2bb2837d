// Updates that wait for their turn. They are taken together, so that a burst becomes few transactions.

import type { NodeUpdate } from "../wire/node-ruleset.ts"
import { EnforcerError } from "./enforcer-error.ts"

export interface WaitingUpdate {
  readonly update: NodeUpdate
  readonly done: PromiseWithResolvers<void>
}

export interface UpdateInbox {
  put(update: NodeUpdate): WaitingUpdate
  /** Later updates follow a whole ruleset, and are not taken together with earlier ones. Returns the new series. */
  nextSeries(): void
  readonly series: number
  /** Those of the series that follow each other from `revision`; the others are refused. */
  take(series: number, revision: number | undefined): readonly WaitingUpdate[]
}

export function createUpdateInbox(): UpdateInbox {
  let waiting: (WaitingUpdate & { readonly series: number })[] = []
  let series = 0
  return {
    put: (update) => {
      const entry = { update, done: Promise.withResolvers<void>(), series }
      waiting.push(entry)
      return entry
    },
    nextSeries: () => {
      series++
    },
    get series() {
      return series
    },
    take: (taken, revision) => {
      const mine = waiting.filter((entry) => entry.series <= taken)
      waiting = waiting.filter((entry) => entry.series > taken)
      return inStep(mine, revision)
    },
  }
}

function inStep(entries: readonly WaitingUpdate[], revision: number | undefined): readonly WaitingUpdate[] {
  let held = revision
  return entries.filter((entry) => {
    const follows = entry.update.from === held
    if (follows) held = entry.update.revision
    else entry.done.reject(outOfStep(entry.update, held))
    return follows
  })
}

function outOfStep(update: NodeUpdate, held: number | undefined): EnforcerError {
  const message = `update from revision ${update.from} to ${update.revision}, but revision ${held ?? "none"} is held`
  return new EnforcerError("out-of-step", message)
}
