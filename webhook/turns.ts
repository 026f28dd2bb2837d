// Work that holds the event loop, one piece after the other: between two of them requests that have come are read.
//
// So a request's time of arrival is known however long the queue is, and nobody waits for more than one piece at a time.

export interface Turns {
  /** Resolves with what `work` gives, when its turn has come. */
  take<T>(work: () => T): Promise<T>
}

export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  let isScheduled = false
  const schedule = (): void => {
    if (isScheduled || waiting.length === 0) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      waiting.shift()?.()
      schedule()
    })
  }
  return {
    take: (work) =>
      new Promise((resolve, reject) => {
        waiting.push(() => {
          try {
            resolve(work())
          } catch (error) {
            reject(error)
          }
        })
        schedule()
      }),
  }
}
