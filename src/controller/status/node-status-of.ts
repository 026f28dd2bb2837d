// The status of a node as a function of what is known of it and what the status said before.

import {
  MOST_ISOLATED,
  MOST_PROBLEMS,
  type NodeStateName,
  type NodeStatusStatus,
} from "../../api/node-status.ts"
import type { NodeProblem } from "../../wire/messages.ts"
import { BEHIND_AFTER_MS, isDisconnected, type NodeHealth, timeText, troubleOf } from "./node-health.ts"

interface NodeStatusContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the status says now. */
  readonly previous: NodeStatusStatus | undefined
}

const MOST_ERROR_CHARACTERS = 400

export function nodeStatusOf(health: NodeHealth, { now, previous }: NodeStatusContext): NodeStatusStatus {
  const report = health.state?.report
  const state = stateOf(health, now)
  const status = state === "Programmed" || state === "Programming" ? "True" : "False"
  const [before] = previous?.conditions ?? []
  const time = timeText(now)
  const content = {
    state,
    observing: report?.observing ?? false,
    version: report?.version ?? health.state?.version ?? "",
    error: state === "Degraded" ? cut(report?.error ?? "") : "",
    problemCount: report?.problems.filter(isProblem).length ?? 0,
    problems: shownProblems(health),
    isolated: (report?.isolated ?? [])
      .slice(0, MOST_ISOLATED)
      .map(({ object, error }) => ({ object: cut(object), error: cut(error) })),
    failedClosedCount: report?.failedClosed.length ?? 0,
  }
  return {
    ...content,
    revision: { wanted: health.state?.desiredRevision ?? 0, applied: report?.revision ?? 0 },
    lastTransitionTime: previous?.state === state ? previous.lastTransitionTime : time,
    conditions: [
      {
        type: "Enforcing",
        status,
        reason: state,
        message: messageOf(state, health, now),
        lastTransitionTime: before?.status === status ? before.lastTransitionTime : time,
      },
    ],
  }
}

/** What is worth writing: revisions move on all the time. */
export function shownPart(status: NodeStatusStatus): NodeStatusStatus {
  return { ...status, revision: { wanted: 0, applied: 0 } }
}

function stateOf(health: NodeHealth, now: number): NodeStateName {
  const report = health.state?.report
  if (isDisconnected(health, now)) return "Disconnected"
  if (report?.observing === true) return "Observing"
  if (
    troubleOf(health, now) !== "" ||
    report?.problems.some(({ severity }) => severity === "error") === true
  ) {
    return "Degraded"
  }
  const { behindSince } = health
  const isBehind = behindSince > 0 && now - behindSince >= BEHIND_AFTER_MS
  return report === undefined || isBehind ? "Programming" : "Programmed"
}

function messageOf(state: NodeStateName, health: NodeHealth, now: number): string {
  const problems = health.state?.report?.problems ?? []
  switch (state) {
    case "Programmed":
      return cut(problems.find(isProblem)?.message ?? "")
    case "Programming":
      return "the newest program is not in force yet"
    case "Observing":
    case "Disconnected":
    case "Degraded":
      return cut(
        troubleOf(health, now) || (problems.find(({ severity }) => severity === "error")?.message ?? ""),
      )
  }
}

/** Notes are of use when a connection fails, and nothing is to be done about them before. */
function isProblem({ severity }: NodeProblem): boolean {
  return severity !== "note"
}

/** Worst first, so that the list's limit leaves out what matters least. */
function shownProblems({ state }: NodeHealth): NodeStatusStatus["problems"] {
  const rank = { fatal: 0, error: 1, warning: 2, note: 3 } as const
  return (state?.report?.problems ?? [])
    .toSorted(
      (a, b) =>
        rank[a.severity] - rank[b.severity] ||
        (a.code < b.code ? -1 : a.code > b.code ? 1 : 0) ||
        (a.subject < b.subject ? -1 : 1),
    )
    .slice(0, MOST_PROBLEMS)
    .map(({ code, severity, subject, message }) => ({ code, severity, subject, message: cut(message) }))
}

function cut(text: string): string {
  return text.length <= MOST_ERROR_CHARACTERS ? text : `${text.slice(0, MOST_ERROR_CHARACTERS - 1)}…`
}
