// Tells when interfaces, routes or CNI results may have changed. What they are now is asked elsewhere: events are
// reasons to look, never facts.

import { type FSWatcher, watch } from "node:fs"
import type { Host, Watch } from "./host.ts"

export interface SurroundingsWatch {
  stop(): Promise<void>
}

export interface SurroundingsWatcher {
  readonly host: Host
  readonly cniResults: string | undefined
  readonly changed: () => void
  readonly restarted: (reason: string) => void
}

/** Time for the rest of a burst: a pod's start is some ten events. */
const GATHER_MS = 20
const RESTART_MS = 1_000
/** Against lost events, and for a directory that did not exist when it was to be watched. */
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
  const files = watchDirectory(watcher.cniResults, changed)
  const poll = setInterval(changed, POLL_MS)
  return {
    stop: async () => {
      isStopped = true
      clearTimeout(gathering)
      clearTimeout(restarting)
      clearInterval(poll)
      files?.close()
      await running?.stop()
    },
  }
}

function watchDirectory(directory: string | undefined, changed: () => void): FSWatcher | undefined {
  if (directory === undefined) return undefined
  try {
    const watcher = watch(directory, changed)
    watcher.on("error", () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
