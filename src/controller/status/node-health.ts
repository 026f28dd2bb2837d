// Whether a node enforces what it is sent, for how long it has not, and why.

import { isIP } from "node:net"
import type { NodeProblem } from "../../wire/messages.ts"
import type { NodeState } from "../node-state.ts"

/** An agent that is restarted is back sooner; its node enforces what it has meanwhile. */
const DISCONNECTED_AFTER_MS = 30_000
/** Errors that the agent's next try does away with are nobody's business. */
const ERROR_AFTER_MS = 5_000
/** A node is behind for a moment after every change. */
export const BEHIND_AFTER_MS = 10_000

export interface NodeHealth {
  readonly node: string
  /** Undefined where no agent of the node was ever seen. */
  readonly state: NodeState | undefined
  /** Milliseconds since the epoch; 0 while connected. */
  readonly lostSince: number
  /** 0 while it reports no error. */
  readonly errorSince: number
  /** 0 while it enforces the newest revision. */
  readonly behindSince: number
}

/** What is known after a node's state has changed, or of a node that nobody has heard of yet. */
export function healthAfter(
  node: string,
  change: { readonly before: NodeHealth | undefined; readonly state: NodeState | undefined },
  now: number,
): NodeHealth {
  const { before, state } = change
  const isLost = state?.connected !== true
  const isBehind = state !== undefined && state.report?.revision !== state.desiredRevision
  return {
    node,
    state,
    lostSince: isLost ? before?.lostSince || now : 0,
    errorSince: hasError(state) ? before?.errorSince || now : 0,
    behindSince: isBehind ? before?.behindSince || state.desiredSince || now : 0,
  }
}

/**
 * Why policies of that mode are not in force on the node; "" where nothing keeps them from it. The text does not change
 * with time.
 */
export function troubleOf(health: NodeHealth, now: number, mode: "enforce" | "observe" = "enforce"): string {
  const { state, lostSince, errorSince } = health
  if (isDisconnected(health, now))
    return `no agent is connected since ${timeText(lostSince)}: the last rules stay, and nobody changes them`
  const report = state?.report
  if (report === undefined) return ""
  if (report.observing && mode === "enforce") return "the node is switched to observe: it drops nothing"
  const [isolated] = report.isolated
  if (isolated !== undefined)
    return `the kernel refused ${isolated.object}: ${isolated.error}${closedText(health)}`
  if (report.failedClosed.length > 0) return `part of it is refused${closedText(health)}`
  if (errorSince > 0 && now - errorSince >= ERROR_AFTER_MS) return report.error
  return report.problems.find(concernsEveryPod)?.message ?? ""
}

/** Problems of a single pod are told in the node's status: its address says little of a policy. */
function concernsEveryPod({ severity, subject }: NodeProblem): boolean {
  return severity === "fatal" || (severity === "error" && isIP(subject) === 0)
}

export function isDisconnected({ lostSince }: NodeHealth, now: number): boolean {
  return lostSince > 0 && now - lostSince >= DISCONNECTED_AFTER_MS
}

/** As the API server writes times. */
export function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

function hasError(state: NodeState | undefined): boolean {
  return state?.report !== undefined && state.report.error !== ""
}

function closedText({ state }: NodeHealth): string {
  const count = state?.report?.failedClosed.length ?? 0
  if (count === 0) return ""
  return count === 1 ? "; 1 address is cut off" : `; ${count} addresses are cut off`
}
