// Whether nft answers. It answers one question after the other, and a large transaction takes its time: only a
// long silence is a fault that a new process could mend.

import type { Nft } from "nftables-json/nft"

export interface Liveness {
  /** "" where nft has answered lately, else what is wrong. */
  failure(): Promise<string>
}

export interface LivenessOptions {
  readonly nft: Nft
  readonly now: () => number
  /** How long an answer may take before the question is left open. */
  readonly patienceMs?: number
  readonly mostSilenceMs?: number
}

export function createLiveness(options: LivenessOptions): Liveness {
  const { nft, now, patienceMs = 1_000, mostSilenceMs = 60_000 } = options
  let answered = now()
  let error = ""
  let asking: Promise<void> | undefined
  const ask = async (): Promise<void> => {
    try {
      await nft.list({ kind: "tables" })
      error = ""
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause)
    }
    answered = now()
    asking = undefined
  }
  return {
    failure: async () => {
      asking ??= ask()
      const { promise: patience, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, patienceMs)
      await Promise.race([asking, patience])
      clearTimeout(timer)
      const silence = now() - answered
      return silence > mostSilenceMs ? `nft has not answered for ${Math.round(silence / 1_000)} s` : error
    },
  }
}
