// How fast generations may follow each other: each makes every live connection be judged once more.

import { setTimeout } from "node:timers/promises"
import type { Generation } from "./generation.ts"
import type { GenerationClock } from "./generation-clock.ts"

/** At most one generation in this many milliseconds. */
const GENERATION_INTERVAL_MS = 50

export class GenerationPace {
  readonly #clock: GenerationClock
  readonly #now: () => number
  #last = Number.NEGATIVE_INFINITY

  constructor(clock: GenerationClock, now: () => number) {
    this.#clock = clock
    this.#now = now
  }

  /** In force; undefined before the first. */
  get current(): Generation | undefined {
    const { current, mask } = this.#clock
    return current === undefined ? undefined : { number: current, mask }
  }

  /** Milliseconds until the next may come. */
  get wait(): number {
    return Math.max(0, this.#last + GENERATION_INTERVAL_MS - this.#now())
  }

  /** Waits for its time. */
  async next(): Promise<Generation> {
    const { wait } = this
    if (wait > 0) await setTimeout(wait)
    return await this.#clock.next()
  }

  commit(generation: Generation): void {
    this.#clock.commit(generation)
    this.#last = this.#now()
  }
}
