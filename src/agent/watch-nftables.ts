// Tells when somebody else changed nftables.
//
// `nft monitor` says nothing when it has begun to listen (in 1.0.6 it first lists every table). So it counts as
// listening when the first of the agent's own batches has come through; what happened until then is found
// by a full check.

import type { Host, Watch } from "./host.ts"
import { type EventBatch, readEvents } from "./nft-events.ts"

export interface NftablesWatch {
  /** True once events come through. */
  readonly isListening: boolean
  stop(): Promise<void>
}

export interface NftablesWatcher {
  readonly host: Host
  /** Whether a batch that wrote this revision is the agent's own. */
  readonly isOwn: (revision: number) => boolean
  /** Our tables were changed by someone else, or events may have been missed. */
  readonly drifted: () => void
  /** A base chain of another table came or went. */
  readonly foreignChains: () => void
  readonly restarted: (reason: string) => void
}

const OURS: readonly string[] = ["inet postern", "bridge postern"]
const RESTART_MS = 500

export function watchNftables(watcher: NftablesWatcher): NftablesWatch {
  let running: Watch | undefined
  let restarting: NodeJS.Timeout | undefined
  let isStopped = false
  let isListening = false
  const batch = (batch: EventBatch): void => {
    const isOurs = OURS.some((table) => batch.tables.has(table))
    const isOwn = batch.revision !== undefined && watcher.isOwn(batch.revision)
    if (isOwn && !isListening) {
      isListening = true
      watcher.drifted()
    }
    if (isOurs && !isOwn) watcher.drifted()
    if (batch.baseChains && !isOwn) watcher.foreignChains()
  }
  const begin = (): void => {
    isListening = false
    const events = readEvents(batch, watcher.drifted)
    running = watcher.host.watch("nft", ["monitor"], {
      line: events.line,
      end: (reason) => {
        if (isStopped) return
        isListening = false
        watcher.restarted(reason)
        restarting = setTimeout(begin, RESTART_MS)
        watcher.drifted()
      },
    })
  }
  begin()
  return {
    get isListening() {
      return isListening
    },
    stop: async () => {
      isStopped = true
      clearTimeout(restarting)
      await running?.stop()
    },
  }
}
