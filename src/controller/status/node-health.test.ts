// When a node counts as in trouble, and what its status says.

import { expect, test } from "vitest"
import type { NodeStateName } from "../../api/node-status.ts"
import type { NodeProblem, NodeReport } from "../../wire/messages.ts"
import type { NodeState } from "../node-state.ts"
import { healthAfter, type NodeHealth, troubleOf } from "./node-health.ts"
import { nodeStatusOf, shownPart } from "./node-status-of.ts"

const start = Date.UTC(2026, 0, 2, 3, 4, 5)
const wellReport: NodeReport = {
  protocol: 1,
  version: "0.1.0",
  revision: 7,
  milliseconds: 3,
  error: "",
  isolated: [],
  failedClosed: [],
  problems: [],
  addresses: [],
  observing: false,
}
const problem = (severity: NodeProblem["severity"], subject: string): NodeProblem => ({
  code: "some-code",
  severity,
  subject,
  message: `${severity} of ${subject}`,
})

interface Seen {
  readonly connected?: boolean
  readonly desiredRevision?: number
  readonly report?: Partial<NodeReport> | "none"
}

function stateOf({ connected = true, desiredRevision = 7, report = {} }: Seen): NodeState {
  return {
    node: "a",
    connected,
    version: "0.1.0",
    desiredRevision,
    desiredSince: start,
    report: report === "none" ? undefined : { ...wellReport, ...report },
    reportedAt: start,
  }
}

const seen = (each: Seen): NodeHealth => healthAfter("a", { before: undefined, state: stateOf(each) }, start)

test.for<readonly [string, Seen, seconds: number, trouble: string, state: NodeStateName]>([
  ["all is well", {}, 100, "", "Programmed"],
  ["an agent that is away for a moment is no trouble", { connected: false }, 29, "", "Programmed"],
  [
    "an agent that stays away is",
    { connected: false },
    30,
    "no agent is connected since 2026-01-02T03:04:05Z: the last rules stay, and nobody changes them",
    "Disconnected",
  ],
  ["a node without a report is on its way", { report: "none" }, 0, "", "Programming"],
  ["a node is behind for a moment after every change", { desiredRevision: 8 }, 9, "", "Programmed"],
  ["a node that stays behind is shown so", { desiredRevision: 8 }, 10, "", "Programming"],
  ["an error that the next try does away with is none", { report: { error: "busy" } }, 4, "", "Programmed"],
  ["an error that stays is", { report: { error: "busy" } }, 5, "busy", "Degraded"],
  [
    "what the kernel refuses is named at once, with what is cut off for it",
    { report: { isolated: [{ object: "inet postern x", error: "no memory" }], failedClosed: ["10.0.0.1"] } },
    0,
    "the kernel refused inet postern x: no memory; 1 address is cut off",
    "Degraded",
  ],
  [
    "a node that somebody has switched to observe enforces nothing",
    { report: { observing: true } },
    0,
    "the node is switched to observe: it drops nothing",
    "Observing",
  ],
  [
    "a problem of every pod is one of every policy",
    { report: { problems: [problem("warning", "x"), problem("error", "cni0")] } },
    0,
    "error of cni0",
    "Degraded",
  ],
  [
    "a problem of one pod is one of its node",
    { report: { problems: [problem("error", "10.0.0.1")] } },
    0,
    "",
    "Degraded",
  ],
  [
    "warnings and notes are worth knowing",
    { report: { problems: [problem("warning", "x")] } },
    0,
    "",
    "Programmed",
  ],
])("%s", ([, each, seconds, trouble, state]) => {
  const health = seen(each)
  const now = start + seconds * 1_000
  expect(troubleOf(health, now)).toBe(trouble)
  expect(nodeStatusOf(health, { now, previous: undefined }).state).toBe(state)
})

test("a node that is switched to observe is no trouble of what is observed anyway", () => {
  expect(troubleOf(seen({ report: { observing: true } }), start, "observe")).toBe("")
})

test("since when is kept while it lasts, and forgotten when it ends", () => {
  const gone = seen({ connected: false, report: { error: "x" } })
  const stillGone = healthAfter("a", { before: gone, state: gone.state }, start + 5_000)
  expect([stillGone.lostSince, stillGone.errorSince]).toEqual([start, start])
  const back = healthAfter("a", { before: stillGone, state: stateOf({}) }, start + 6_000)
  expect([back.lostSince, back.errorSince, back.behindSince]).toEqual([0, 0, 0])
})

test("notes are kept, and are no problems", () => {
  const noted = seen({ report: { problems: [problem("note", "x"), problem("warning", "y")] } })
  const { problemCount, problems, conditions } = nodeStatusOf(noted, { now: start, previous: undefined })
  expect([problemCount, problems.length, conditions[0]?.message]).toEqual([1, 2, "warning of y"])
})

test("a new revision alone is not worth writing", () => {
  const before = nodeStatusOf(seen({}), { now: start, previous: undefined })
  const after = nodeStatusOf(seen({ desiredRevision: 8, report: { revision: 8 } }), {
    now: start + 60_000,
    previous: before,
  })
  expect(after).not.toEqual(before)
  expect(shownPart(after)).toEqual(shownPart(before))
})
