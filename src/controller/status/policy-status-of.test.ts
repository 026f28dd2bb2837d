// A policy's status from what is known: phases, counts, messages, times.

import { expect, test } from "vitest"
import type { PolicyStatusStatus } from "../../api/policy-status.ts"
import { diagnostic } from "../../api/report.ts"
import { type NodeAnswers, policyStatusOf, type StatusSubject } from "./policy-status-of.ts"

const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const policy: StatusSubject = {
  generation: 3,
  enforcement: "enforce",
  selectedPods: 5,
  nodes: ["a", "b", "c"],
  diagnostics: [],
}
const error = diagnostic("placesMadeUp", { nodes: "x" }, ["spec", "ingress", 0])
const mistake = { ...error, severity: "error" } as const

/** What each node says: "ok" has confirmed, "" has not, anything else is its trouble. */
const answers = (each: Readonly<Record<string, string>>): NodeAnswers => ({
  isConfirmed: (node) => each[node] === "ok",
  trouble: (node) => (each[node] === "ok" ? "" : (each[node] ?? "")),
})

const enforcedEverywhere = answers({ a: "ok", b: "ok", c: "ok" })

function statusOf(
  subject: Partial<StatusSubject>,
  nodes: NodeAnswers = enforcedEverywhere,
  previous?: PolicyStatusStatus,
): PolicyStatusStatus {
  return policyStatusOf({ ...policy, ...subject }, nodes, { now, previous, denied: undefined })
}

interface Row {
  readonly subject?: Partial<StatusSubject>
  readonly nodes?: Readonly<Record<string, string>>
  readonly phase: PolicyStatusStatus["phase"]
  readonly counts: readonly [desired: number, programmed: number, failed: number]
  readonly condition: "True" | "False"
  readonly message: string
}

test.for<readonly [string, Row]>([
  [
    "Programmed where every node of its pods has confirmed it",
    { phase: "Programmed", counts: [3, 3, 0], condition: "True", message: "enforced on 3 nodes" },
  ],
  [
    "Programming while a node has not",
    {
      nodes: { a: "ok", b: "ok" },
      phase: "Programming",
      counts: [3, 2, 0],
      condition: "False",
      message: "enforced on 2 of 3 nodes",
    },
  ],
  [
    "Degraded where a node is in trouble, whatever it has confirmed, and nodes are named in order",
    {
      nodes: { a: "ok", c: "nft says no", b: "gone" },
      phase: "Degraded",
      counts: [3, 1, 2],
      condition: "False",
      message: "not enforced on b: gone (and on 1 other node)",
    },
  ],
  [
    "Degraded comes before Programming: what will not end by itself is told first",
    {
      nodes: { a: "gone" },
      phase: "Degraded",
      counts: [3, 0, 1],
      condition: "False",
      message: "not enforced on a: gone",
    },
  ],
  [
    "Pending where it selects nothing: nothing is lacking",
    {
      subject: { selectedPods: 0, nodes: [] },
      phase: "Pending",
      counts: [0, 0, 0],
      condition: "True",
      message: "selects no pod",
    },
  ],
  [
    "Pending while its pods have no node",
    {
      subject: { selectedPods: 2, nodes: [] },
      phase: "Pending",
      counts: [0, 0, 0],
      condition: "True",
      message: "none of its 2 pods has a node yet",
    },
  ],
  [
    "Failed where it has an error, however well its nodes do",
    {
      subject: { diagnostics: [error, mistake, mistake] },
      phase: "Failed",
      counts: [3, 3, 0],
      condition: "False",
      message: `its pods fail closed: spec.ingress[0]: ${error.message} [PNP0912] (and 1 other error)`,
    },
  ],
  [
    "notes and warnings do not keep it from being enforced",
    {
      subject: { diagnostics: [error] },
      phase: "Programmed",
      counts: [3, 3, 0],
      condition: "True",
      message: "enforced on 3 nodes",
    },
  ],
  [
    "what is observed is not called enforced",
    {
      subject: { enforcement: "observe", nodes: ["a"] },
      phase: "Programmed",
      counts: [1, 1, 0],
      condition: "True",
      message: "observed on 1 node",
    },
  ],
])("%s", ([, { subject = {}, nodes, phase, counts, condition, message }]) => {
  const status = statusOf(subject, nodes === undefined ? enforcedEverywhere : answers(nodes))
  const { desired, programmed, failedCount } = status.nodes
  expect([status.phase, [desired, programmed, failedCount]]).toEqual([phase, counts])
  expect(status.conditions).toMatchObject([
    { type: "Programmed", status: condition, reason: phase, message, observedGeneration: 3 },
  ])
})

test("lists are cut, counts are whole, texts end somewhere", () => {
  const nodes = Array.from({ length: 1_000 }, (_, i) => `node-${String(i).padStart(4, "0")}`)
  const status = statusOf(
    { nodes: nodes.toReversed(), diagnostics: Array.from({ length: 100 }, () => error) },
    { isConfirmed: () => true, trouble: () => "x".repeat(10_000) },
  )
  expect(status.nodes.failedCount).toBe(1_000)
  expect(status.nodes.failed.map(({ node }) => node)).toEqual(nodes.slice(0, 20))
  expect(status.diagnostics).toHaveLength(20)
  expect(JSON.stringify(status).length).toBeLessThan(30_000)
})

test("times move with the phase and with the condition, and with nothing else", () => {
  const before = statusOf({})
  const old: PolicyStatusStatus = {
    ...before,
    lastTransitionTime: "2020-01-01T00:00:00Z",
    conditions: before.conditions.map((each) => ({ ...each, lastTransitionTime: "2020-01-01T00:00:00Z" })),
  }
  expect(statusOf({ selectedPods: 9 }, enforcedEverywhere, old)).toEqual({ ...old, selectedPods: 9 })
  const degraded = statusOf({}, answers({ a: "gone" }), old)
  expect(degraded.lastTransitionTime).toBe("2026-01-02T03:04:05Z")
  expect(degraded.conditions[0]?.lastTransitionTime).toBe("2026-01-02T03:04:05Z")
  const pending = statusOf({ nodes: [] }, enforcedEverywhere, old)
  expect(pending.lastTransitionTime).toBe("2026-01-02T03:04:05Z")
  expect(pending.conditions[0]?.lastTransitionTime).toBe("2020-01-01T00:00:00Z")
})
