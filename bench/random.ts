// Random numbers that are the same in every run (mulberry32).

export interface Random {
  /** 0 to bound - 1. */
  readonly below: (bound: number) => number
  readonly ipv4: () => string
  readonly word: () => string
  readonly uuid: () => string
}

export function createRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => below(16).toString(16)).join("")
  return {
    below,
    ipv4: () => `${1 + below(223)}.${below(256)}.${below(256)}.${below(256)}`,
    word: () => hex(12),
    uuid: () => [8, 4, 4, 4, 12].map(hex).join("-"),
  }
}
