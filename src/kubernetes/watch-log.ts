// What watches tell of themselves, as lines of the log.
//
// An API server that is away for an hour makes a failure of each watch every few seconds: the same one is told once a minute.

import type { Log } from "../telemetry/log.ts"
import { ApiError } from "./api-error.ts"
import type { WatchEvent } from "./watch-event.ts"

export type WatchLog = (event: WatchEvent) => void

interface Failure {
  readonly message: string
  readonly toldAt: number
  isOver: boolean
}

const TOLD_AGAIN_MS = 60_000

export function createWatchLog(log: Log, now: () => number = () => performance.now()): WatchLog {
  const failures = new Map<string, Failure>()

  const failed = ({ resource, error, retryInMs }: Extract<WatchEvent, { readonly kind: "failed" }>): void => {
    const { message } = error
    const before = failures.get(resource)
    const isKnown = before?.message === message && now() - before.toldAt < TOLD_AGAIN_MS
    if (!isKnown) failures.set(resource, { message, toldAt: now(), isOver: false })
    const status = error instanceof ApiError ? { status: error.status } : {}
    const fields = { resource, ...status, retryInMs: Math.round(retryInMs) }
    log[isKnown ? "debug" : "warn"](fields, `no news of ${resource}: ${message}`)
  }
  const resumed = (resource: string): void => {
    const failure = failures.get(resource)
    if (failure === undefined || failure.isOver) return
    failure.isOver = true
    log.info({ resource }, `${resource} are watched again`)
  }
  return (event) => {
    const { kind, resource } = event
    switch (kind) {
      case "failed":
        return failed(event)
      case "resumed":
        return resumed(resource)
      case "listed": {
        const { how, objects, milliseconds } = event
        return log.info({ resource, how, objects, milliseconds: Math.round(milliseconds) }, "listed")
      }
      case "absent":
        return log.info({ resource }, "a kind is not installed")
      case "odd-object": {
        const { object, mistake } = event
        return log.warn({ resource, object, mistake }, "an object is not as it should be")
      }
      case "stale":
        return log.warn({ resource }, "a watch is behind the API server: it begins anew")
      case "unproven": {
        const { pods, count, reason } = event
        const words = `new pods are let in without proof that their policies are known: ${reason}`
        return log.error({ pods, count }, words)
      }
      case "expired":
      case "watch-list-refused":
        return log.debug({ resource }, kind)
    }
  }
}
