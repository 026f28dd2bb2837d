// Live connections that may not go on: those of addresses with a new owner, and UDP that is now denied.

import type { Conntrack } from "./conntrack.ts"
import type { EnforcerEvent } from "./event.ts"
import type { ForgetJournal } from "./forget-journal.ts"

export interface ConnectionParts {
  readonly conntrack: Conntrack
  readonly journal: ForgetJournal
  readonly mask: number
  readonly emit: (event: EnforcerEvent) => void
  /** Nothing is denied: what is marked so passes, and is not deleted. */
  readonly isObserving: () => boolean
}

export interface Connections {
  /** To be called before the rules change: what is interrupted is finished at the next start. */
  announce(addresses: readonly string[]): Promise<void>
  /** Announces what the last run of the agent did not finish. */
  recall(): Promise<void>
  /** Deletes what was announced; tried again where it fails, which is told by false. */
  finish(): Promise<boolean>
  /** After a new generation: entries that deny chains have marked are deleted, soon and once more. */
  generationCame(): void
  stop(): void
}

const RETRY_MS = 1_000
/** A packet marks its entry when it comes; slow senders are caught by the last one, which repeats. */
const DENIED_AFTER_MS = [20, 200, 1_000]
const DENIED_EVERY_MS = 10_000

export function createConnections(parts: ConnectionParts): Connections {
  const { conntrack, journal, mask, emit } = parts
  const announced = new Set<string>()
  let isRetrying = false
  const timers = new Set<NodeJS.Timeout>()
  const after = (milliseconds: number, task: () => Promise<void>): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      void task()
    }, milliseconds)
    timers.add(timer)
  }
  /** What the disk does not take must not keep a change from the kernel: it is lost only if the agent is killed, too. */
  const onDisk = async (task: () => Promise<void>): Promise<void> => {
    try {
      await task()
    } catch (error) {
      emit({ kind: "failed", what: "noting on disk which connections end", error })
    }
  }
  const finish = async (): Promise<boolean> => {
    const addresses = [...announced]
    if (addresses.length === 0) return true
    try {
      await conntrack.forget(addresses)
      for (const address of addresses) announced.delete(address)
      emit({ kind: "forgot", addresses })
      if (announced.size === 0) await onDisk(() => journal.end())
      return true
    } catch (error) {
      emit({ kind: "failed", what: "deleting connections", error })
      if (!isRetrying) {
        isRetrying = true
        after(RETRY_MS, async () => {
          isRetrying = false
          await finish()
        })
      }
      return false
    }
  }
  const deleteDenied = async (): Promise<void> => {
    if (parts.isObserving()) return
    try {
      await conntrack.deleteDenied(mask)
    } catch (error) {
      emit({ kind: "failed", what: "deleting denied connections", error })
    }
  }
  let repeating: NodeJS.Timeout | undefined
  return {
    announce: async (addresses) => {
      if (addresses.length === 0) return
      for (const address of addresses) announced.add(address)
      await onDisk(() => journal.begin([...announced]))
    },
    recall: () =>
      onDisk(async () => {
        for (const address of await journal.read()) announced.add(address)
      }),
    finish,
    generationCame: () => {
      for (const milliseconds of DENIED_AFTER_MS) after(milliseconds, deleteDenied)
      repeating ??= setInterval(() => void deleteDenied(), DENIED_EVERY_MS)
    },
    stop: () => {
      clearInterval(repeating)
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
