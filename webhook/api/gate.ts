// So many at once and no more: what waits for its turn here keeps admission reviews waiting, too.

export interface Gate {
  /** Undefined where too many are at it already. */
  pass<T>(work: () => Promise<T>): Promise<T> | undefined
}

export function createGate(most: number): Gate {
  let inside = 0
  return {
    pass: (work) => {
      if (inside >= most) return undefined
      inside++
      return work().finally(() => {
        inside--
      })
    },
  }
}
