// Tells when interfaces or routes may have changed. What they are now is asked elsewhere: events are
// reasons to look, never facts.

import type { Host, Watch } from "./host.ts"

export interface SurroundingsWatch {
  stop(): Promise<void>
}

export interface SurroundingsWatcher {
  readonly host: Host
  readonly changed: () => void
  readonly restarted: (reason: string) => void
}

/** Time for the rest of a burst: a pod's start is some ten events. */
const GATHER_MS = 20
const RESTART_MS = 1_000
/** Against lost events. */
const POLL_MS = 10_000

export function watchSurroundings(watcher: SurroundingsWatcher): SurroundingsWatch {
  let gathering: NodeJS.Timeout | undefined
  let restarting: NodeJS.Timeout | undefined
  let running: Watch | undefined
  let isStopped = false
  const changed = (): void => {
    gathering ??= setTimeout(() => {
      gathering = undefined
      watcher.changed()
    }, GATHER_MS)
  }
  const begin = (): void => {
    running = watcher.host.watch("ip", ["-o", "monitor", "link", "route"], {
      line: changed,
      end: (reason) => {
        if (isStopped) return
        watcher.restarted(reason)
        restarting = setTimeout(begin, RESTART_MS)
        changed()
      },
    })
  }
  begin()
  const poll = setInterval(changed, POLL_MS)
  return {
    stop: async () => {
      isStopped = true
      clearTimeout(gathering)
      clearTimeout(restarting)
      clearInterval(poll)
      await running?.stop()
    },
  }
}
