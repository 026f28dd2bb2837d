// Tells when somebody else changed nftables.
//
// The agent's own batches rewrite the element of the set `revision`, and are counted. Process ids
// would not do: the kernel tells those of the machine, and the agent knows those of its container.

import { fileURLToPath } from "node:url"
import type { Host, Watch } from "./host.ts"
import { type EventBatch, readEvent } from "./nft-events.ts"

export interface NftablesWatch {
  /** True once events come through. */
  readonly isListening: boolean
  stop(): Promise<void>
}

export interface NftablesWatcher {
  readonly host: Host
  /** Whether a batch that wrote this revision is the agent's own; asked once for each. */
  readonly isOwn: (revision: number) => boolean
  /** Our tables were changed by someone else, or events may have been missed. */
  readonly drifted: () => void
  /** A base chain of another table came. */
  readonly foreignChain: () => void
  readonly restarted: (reason: string) => void
}

const SCRIPT = fileURLToPath(new URL("nftables-events.pl", import.meta.url))
const OURS: readonly string[] = ["inet postern", "bridge postern"]
const RESTART_MS = 500
const LONGEST_RESTART_MS = 30_000

export function watchNftables(watcher: NftablesWatcher): NftablesWatch {
  let running: Watch | undefined
  let restarting: NodeJS.Timeout | undefined
  let isStopped = false
  let isListening = false
  let wait = RESTART_MS
  const took = (batch: EventBatch): void => {
    if (batch.revision !== undefined && watcher.isOwn(batch.revision)) return
    if (OURS.some((table) => batch.tables.has(table))) watcher.drifted()
    if (batch.baseChain) watcher.foreignChain()
  }
  const line = (text: string): void => {
    const event = readEvent(text)
    if (event?.kind === "batch") took(event.batch)
    if (event?.kind === "lost") watcher.drifted()
    if (event?.kind !== "listening") return
    isListening = true
    wait = RESTART_MS
    // What happened while nobody listened.
    watcher.drifted()
  }
  const begin = (): void => {
    const end = (reason: string): void => {
      if (isStopped) return
      isListening = false
      watcher.restarted(reason)
      restarting = setTimeout(begin, wait)
      wait = Math.min(2 * wait, LONGEST_RESTART_MS)
    }
    running = watcher.host.watch("perl", [SCRIPT], { line, end })
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
