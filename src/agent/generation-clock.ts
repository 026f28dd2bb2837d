// Which generation comes next, and when.
//
// A stalled connection came back, data and all, when its number was in force again (tried on Linux 6.18). So
// a number is taken only while no conntrack entry carries it. A number that is not in force reaches
// no entry, so what one listing found free stays free until it is used.

import type { Conntrack } from "./conntrack.ts"
import { type Generation, GenerationError, hex, lastNumber, markOf, numberIn } from "./generation.ts"

export interface GenerationClock {
  readonly mask: number
  /** In force now; undefined before the first. */
  readonly current: number | undefined
  /** What the kernel's table said. */
  found(number: number): void
  /** A number that no entry carries; it counts as in force once `commit` was called with it. */
  next(): Promise<Generation>
  commit(generation: Generation): void
}

export function createGenerationClock(mask: number, conntrack: Conntrack): GenerationClock {
  const last = lastNumber(mask)
  let current: number | undefined
  let free: number[] = []
  const refill = async (): Promise<void> => {
    const carried = new Set((await conntrack.marks()).map((mark) => numberIn(mark, mask)))
    free = numbersAfter(current ?? 0, last).filter((number) => !carried.has(number))
  }
  return {
    mask,
    get current() {
      return current
    },
    found: (number) => {
      current = number
      free = []
    },
    next: async () => {
      if (free.length === 0) await refill()
      if (free.length === 0) {
        // Idle connections keep the numbers of their last packets. To delete them would break them for good: what
        // goes on would be TCP in mid-stream, or a stream that only the server sends.
        await conntrack.unmark(mask)
        await refill()
      }
      const number = free[0] ?? (await freeOldest({ current: current ?? 0, last, mask }, conntrack))
      return { number, mask }
    },
    commit: (generation) => {
      current = generation.number
      free = free.filter((number) => number !== generation.number)
    },
  }
}

/** Bits that connections of others carry cannot be ours: AWS and Cilium use 0x80, Tailscale 0xff0000. */
export async function refuseForeignMarks(mask: number, conntrack: Conntrack): Promise<void> {
  const foreign = (await conntrack.marks()).filter((mark) => (mark & mask) !== 0)
  const [example] = foreign
  if (example === undefined) return
  throw new GenerationError(
    "mask-in-use",
    `connections carry bits of the mark mask ${hex(mask)} that this agent never set (for example mark ${hex(example)}): ` +
      "choose another mask, or delete such entries (conntrack -D -m MARK) if an earlier installation left them",
  )
}

interface Position {
  readonly current: number
  readonly last: number
  readonly mask: number
}

/**
 * For what cannot lose its number. Numbers are used in a circle, so the one after the current is the oldest.
 */
async function freeOldest(position: Position, conntrack: Conntrack): Promise<number> {
  const oldest = numbersAfter(position.current, position.last)[0] ?? 1
  await conntrack.deleteMarked(markOf({ number: oldest, mask: position.mask }), position.mask)
  return oldest
}

/** Every number but `current`, beginning with the one after it. */
function numbersAfter(current: number, last: number): number[] {
  return Array.from({ length: last }, (_, i) => ((current + i) % last) + 1).filter(
    (number) => number !== current,
  )
}
