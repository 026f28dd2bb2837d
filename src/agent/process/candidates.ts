// Which replica is tried next, and after how long.
//
// A round tries the configured addresses first, then the learned ones in an order of chance. Waits are drawn at
// random from a window that doubles with each round: a thousand agents that have lost one replica come to the next
// one spread over a second, and to one that does not answer over ten.

import { type Endpoint, endpointText, readEndpoint } from "./endpoint.ts"
import type { StreamErrorCode } from "./stream-error.ts"

export interface Pace {
  readonly leastMs: number
  /** End of the first window. */
  readonly firstMs: number
  readonly mostMs: number
  /** Where every replica speaks another protocol, which an upgrade has to end. */
  readonly slowMs: number
}

export const DEFAULT_PACE: Pace = { leastMs: 100, firstMs: 1_000, mostMs: 10_000, slowMs: 60_000 }

export interface Candidates {
  next(): Endpoint
  /** Milliseconds to wait after this failure. */
  failed(code: StreamErrorCode): number
  /** A stream came about: the next failure is the first one. */
  succeeded(): void
  /** "address:port" of every replica; what is none is left out. */
  learn(replicas: readonly string[]): void
  /** The learned ones. */
  readonly learned: readonly string[]
}

export interface CandidatesOptions {
  readonly configured: readonly Endpoint[]
  readonly learned: readonly string[]
  readonly pace?: Pace
  readonly random?: () => number
}

const MOST_LEARNED = 64

export function createCandidates(options: CandidatesOptions): Candidates {
  const { configured, pace = DEFAULT_PACE, random = Math.random } = options
  let learned: readonly Endpoint[] = []
  let left: Endpoint[] = []
  let rounds = 0
  let isIncompatible = true
  const learn = (replicas: readonly string[]): void => {
    const known = new Set(configured.map(endpointText))
    learned = [...new Set(replicas.slice(0, MOST_LEARNED))]
      .filter((replica) => !known.has(replica))
      .flatMap((replica) => readEndpoint(replica) ?? [])
  }
  const round = (): Endpoint[] => [...configured, ...shuffled(learned, random)]
  learn(options.learned)
  return {
    next: () => {
      if (left.length === 0) left = round()
      const endpoint = left.shift()
      if (endpoint === undefined) throw new RangeError("no controller is configured")
      return endpoint
    },
    failed: (code) => {
      if (code !== "incompatible") isIncompatible = false
      const window = Math.min(pace.mostMs, pace.firstMs * 2 ** rounds)
      const wait = pace.leastMs + random() * (window - pace.leastMs)
      if (left.length > 0) return wait
      const isSlow = isIncompatible
      rounds = Math.min(rounds + 1, 30)
      isIncompatible = true
      return isSlow ? pace.slowMs * (0.5 + random() / 2) : wait
    },
    succeeded: () => {
      left = []
      rounds = 0
      isIncompatible = true
    },
    learn,
    get learned() {
      return learned.map(endpointText)
    },
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
