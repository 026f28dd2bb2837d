// Named timers that end together: one of a name at a time.

export interface Timers {
  /** Runs the task after the time, unless one of that name is waiting already. */
  once(name: string, milliseconds: number, task: () => void): void
  /** Runs the task when no call of that name has come for the time. */
  settled(name: string, milliseconds: number, task: () => void): void
  every(milliseconds: number, task: () => void): void
  stop(): void
}

export function createTimers(): Timers {
  const waiting = new Map<string, NodeJS.Timeout>()
  const repeating: NodeJS.Timeout[] = []
  let isStopped = false
  const set = (name: string, milliseconds: number, task: () => void): void => {
    if (isStopped) return
    const timer = setTimeout(() => {
      waiting.delete(name)
      task()
    }, milliseconds)
    waiting.set(name, timer)
  }
  return {
    once: (name, milliseconds, task) => {
      if (!waiting.has(name)) set(name, milliseconds, task)
    },
    settled: (name, milliseconds, task) => {
      clearTimeout(waiting.get(name))
      set(name, milliseconds, task)
    },
    every: (milliseconds, task) => {
      if (!isStopped) repeating.push(setInterval(task, milliseconds))
    },
    stop: () => {
      isStopped = true
      for (const timer of [...waiting.values(), ...repeating]) clearTimeout(timer)
    },
  }
}
