// Batches that come in quick succession, as one: the price of a batch hardly depends on its size.

import type { Change } from "../compile/snapshot.ts"

export interface Batcher {
  add(changes: readonly Change[]): void
  close(): void
}

/** The first after a pause is applied at once; those that follow within `mergeMs` of the last, together. */
export function createBatcher(apply: (changes: readonly Change[]) => void, mergeMs: number): Batcher {
  let waiting: (readonly Change[])[] = []
  let timer: NodeJS.Timeout | undefined
  let endedAt = Number.NEGATIVE_INFINITY
  const flush = (): void => {
    timer = undefined
    const changes = waiting.flat()
    waiting = []
    apply(changes)
    endedAt = performance.now()
  }
  return {
    add: (changes) => {
      waiting.push(changes)
      if (timer !== undefined) return
      const wait = mergeMs - (performance.now() - endedAt)
      if (wait <= 0) flush()
      else timer = setTimeout(flush, wait)
    },
    close: () => {
      clearTimeout(timer)
      waiting = []
    },
  }
}
