// How long to wait before the API server is asked again.

import { ApiError, isStatus } from "./api-error.ts"

export interface RetryTiming {
  readonly firstDelayMs: number
  /** While nobody answers: few ask, and all of them want to know soon that somebody does. */
  readonly longestSilentDelayMs: number
  /** While the server refuses: it may be overloaded. */
  readonly longestRefusedDelayMs: number
  /** Between looks whether a CRD has been installed. */
  readonly absentDelayMs: number
}

export const defaultRetryTiming: RetryTiming = {
  firstDelayMs: 200,
  longestSilentDelayMs: 5_000,
  longestRefusedDelayMs: 30_000,
  absentDelayMs: 10_000,
}

const LONGEST_ASKED_MS = 120_000

/** `failures` counts those in a row, this one included; `random` in [0, 1) keeps many from coming back at once. */
export function retryDelay(
  error: unknown,
  { failures, random }: { readonly failures: number; readonly random: number },
  timing: RetryTiming,
): number {
  if (isStatus(error, 404)) return timing.absentDelayMs * (1 + random / 2)
  const refused = error instanceof ApiError
  const longest = refused ? timing.longestRefusedDelayMs : timing.longestSilentDelayMs
  const doubled = timing.firstDelayMs * 2 ** Math.min(failures - 1, 20)
  const own = Math.min(longest, doubled) * (0.5 + random / 2)
  const asked = refused ? (error.retryAfterSeconds ?? 0) * 1000 : 0
  return Math.max(own, Math.min(asked, LONGEST_ASKED_MS) * (1 + random / 4))
}
