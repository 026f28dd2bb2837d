// Events of the enforcer and of the stream as lines of the log.

import { messageOf } from "../../telemetry/fault.ts"
import type { Log } from "../../telemetry/log.ts"
import type { EnforcerEvent } from "../event.ts"
import type { Problem } from "../problem.ts"
import type { StreamEvent } from "./stream-event.ts"

export interface EventLog {
  enforcer(event: EnforcerEvent): void
  stream(event: StreamEvent): void
}

/** A controller that is away is told of so often, and at once where it is another replica or another reason. */
const TOLD_AGAIN_MS = 60_000

export function createEventLog(log: Log, now: () => number = () => performance.now()): EventLog {
  let problems: ReadonlySet<string> = new Set()
  let told = new Map<string, number>()
  const isNews = (message: string): boolean => {
    if (now() - (told.get(message) ?? Number.NEGATIVE_INFINITY) < TOLD_AGAIN_MS) return false
    told = new Map([...told].filter(([, at]) => now() - at < TOLD_AGAIN_MS)).set(message, now())
    return true
  }
  return {
    enforcer: (event) => {
      if (event.kind === "problems") problems = logProblems(log, event.problems, problems)
      else logEnforcer(log, event)
    },
    stream: (event) => {
      if (event.kind === "connected") told.clear()
      if (event.kind === "disconnected") logDisconnected(log, event, isNews(event.error.message))
      else logStream(log, event)
    },
  }
}

/** They are looked for every minute: only what is new is told, and what is gone. */
function logProblems(log: Log, found: readonly Problem[], before: ReadonlySet<string>): ReadonlySet<string> {
  const now = new Set(found.map(({ code, subject }) => `${code} ${subject}`))
  for (const problem of found.slice(0, MOST_PROBLEMS)) {
    const { code, severity, subject, message } = problem
    if (before.has(`${code} ${subject}`)) continue
    const level = severity === "note" ? "info" : severity === "warning" ? "warn" : "error"
    log[level]({ problem: code, severity, subject }, message)
  }
  for (const problem of before) if (!now.has(problem)) log.info({ problem }, "a problem is gone")
  return now
}

const MOST_PROBLEMS = 100

function logEnforcer(log: Log, event: Exclude<EnforcerEvent, { readonly kind: "problems" }>): void {
  const { kind, ...fields } = event
  switch (kind) {
    case "applied":
      return log.debug(fields, "applied")
    case "programmed":
      return log.debug(fields, "a pod's address is judged by its policies")
    case "adopted":
      return log.info(fields, "the kernel has a newer program than the disk: it is taken over")
    case "forgot":
      return log.debug(fields, "connections of addresses with another owner are gone")
    case "repaired":
      return log.warn(fields, "somebody else had changed the tables; it is undone")
    case "difference-stays":
      return log.warn(fields, "the kernel prints something other than what it was given")
    case "refused":
    case "isolated": {
      const { error, ...others } = event
      return log.error({ ...others, err: error }, `the kernel refuses a change (${kind})`)
    }
    case "cache-unreadable":
      return log.warn(fields, "the program on disk cannot be read")
    case "monitor-restarted":
      return log.warn(fields, "a monitor of the kernel's events was started again")
    case "failed": {
      const { error, what } = event
      // Who starts it says so, and what becomes of it.
      return log[what === "starting" ? "debug" : "error"]({ err: error }, failureText(what, error))
    }
  }
}

function failureText(what: string, error: unknown): string {
  return `failed: ${what}: ${messageOf(error)}`
}

type Disconnected = Extract<StreamEvent, { readonly kind: "disconnected" }>

function logDisconnected(log: Log, { replica, error, waitMs }: Disconnected, isNews: boolean): void {
  const { code, wireCode, status } = error
  const level = !isNews ? "debug" : code === "ended" ? "info" : "warn"
  log[level]({ replica, code, wireCode, status, waitMs: Math.round(waitMs) }, `no stream: ${error.message}`)
}

function logStream(log: Log, event: Exclude<StreamEvent, Disconnected>): void {
  switch (event.kind) {
    case "connected":
      return log.info({ replica: event.replica, version: event.version }, "a controller serves this node")
    case "in-force": {
      const { message, revision, milliseconds } = event
      return log[message === "ruleset" ? "info" : "debug"](
        { message, revision, milliseconds: Math.round(milliseconds) },
        "in force",
      )
    }
    case "refused":
      return log.error(
        { err: event.error, revision: event.revision },
        failureText("bringing a revision into force", event.error),
      )
    case "failed":
      return log.error({ err: event.error }, failureText(event.what, event.error))
  }
}
