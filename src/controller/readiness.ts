// Why a replica should have no agents, in words; "" where it may.

import type { WatchStatus } from "../kubernetes/watch-event.ts"

export interface ReadinessParts {
  readonly isStopping: boolean
  readonly hasSettings: boolean
  readonly settingsProblem: string
  /** It has a program. */
  readonly isSynced: boolean
  readonly isServing: boolean
  readonly certificateProblem: string
  readonly watches: readonly WatchStatus[]
}

/**
 * A stream is taken for dead after 90 s of silence, and another one is opened: what says nothing for longer than this
 * is not to be had. Long enough for an API server that restarts.
 */
const MOST_SILENT_MS = 180_000

export function unreadiness(parts: ReadinessParts): string {
  if (parts.isStopping) return "this replica stops"
  if (!parts.hasSettings) return parts.settingsProblem
  if (!parts.isSynced) return `the first lists are not whole: ${missing(parts.watches)}`
  if (!parts.isServing) return parts.certificateProblem || "agents are not served yet"
  return silence(parts.watches)
}

function missing(watches: readonly WatchStatus[]): string {
  return watches
    .filter(({ synced }) => !synced)
    .map((watch) => `${watch.resource}${because(watch)}`)
    .join(", ")
}

function silence(watches: readonly WatchStatus[]): string {
  return watches
    .filter(({ state, silentMs = 0 }) => state !== "absent" && silentMs > MOST_SILENT_MS)
    .map(
      (watch) =>
        `the API server has said nothing of ${watch.resource} for ${Math.round((watch.silentMs ?? 0) / 1000)} s${because(watch)}`,
    )
    .join("; ")
}

function because({ error }: WatchStatus): string {
  return error === undefined ? "" : ` (${error.message})`
}
