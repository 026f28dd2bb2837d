// Sends a node's report when something in it has changed, though not oftener than every so often, and now and then
// in any case, so that the controller knows that it still holds.

import type { NodeReport } from "../../wire/messages.ts"

export interface ReporterOptions {
  /** As it is now. */
  readonly report: () => NodeReport
  readonly send: (report: NodeReport) => Promise<void>
  readonly onFailure: (error: unknown) => void
  readonly leastMs?: number
  readonly mostMs?: number
  /** After a report that could not be sent. */
  readonly retryMs?: number
}

export interface Reporter {
  /** Something may have changed. */
  changed(): void
  /** Another replica listens, which knows nothing yet. */
  newListener(): void
  /** Nobody listens, or nobody ever will. */
  noListener(): void
}

export function createReporter(options: ReporterOptions): Reporter {
  const { leastMs = 200, mostMs = 60_000, retryMs = 1_000 } = options
  let sent: string | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let isListening = false
  let isSending = false
  let isChanged = false
  const after = (milliseconds: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void send(), Math.max(0, milliseconds))
  }
  const wait = (): void => {
    if (!isListening || isSending) return
    after(isChanged ? sentAt + leastMs - performance.now() : sentAt + mostMs - performance.now())
  }
  const send = async (): Promise<void> => {
    const report = options.report()
    const content = contentOf(report)
    const isDue = performance.now() - sentAt >= mostMs
    isChanged = false
    if (content === sent && !isDue) return wait()
    isSending = true
    sentAt = performance.now()
    try {
      await options.send(report)
      sent = content
    } catch (error) {
      options.onFailure(error)
      sent = undefined
      isChanged = true
      sentAt = performance.now() + retryMs - leastMs
    }
    isSending = false
    wait()
  }
  return {
    changed: () => {
      if (isChanged) return
      isChanged = true
      wait()
    },
    newListener: () => {
      isListening = true
      isChanged = true
      sent = undefined
      wait()
    },
    noListener: () => {
      isListening = false
      clearTimeout(timer)
    },
  }
}

/** How long the last change took is no news by itself. */
function contentOf(report: NodeReport): string {
  return JSON.stringify({ ...report, milliseconds: 0 })
}
