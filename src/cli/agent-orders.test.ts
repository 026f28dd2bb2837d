// Orders to the agents of all nodes: one result a node, whatever becomes of the others.

import { expect, test } from "vitest"
import type { ExecRequest, ExecResult } from "../kubernetes/exec.ts"
import { type AgentPod, orderAgents } from "./agent-orders.ts"

const pod = (node: string, more: Partial<AgentPod> = {}): AgentPod => ({
  node,
  name: `agent-on-${node}`,
  running: true,
  ...more,
})

const fine: ExecResult = { status: 0, stdout: "", stderr: "" }

async function ordered(pods: readonly AgentPod[], run: (request: ExecRequest) => Promise<ExecResult>) {
  const asked: ExecRequest[] = []
  const results = await orderAgents(
    { run: (request) => (asked.push(request), run(request)) },
    { pods, nodes: ["one", "two"], namespace: "postern-system" },
    "observe",
  )
  return { results, asked }
}

test("every agent is told in its pod, and by its own command", async () => {
  const { results, asked } = await ordered([pod("two"), pod("one")], async () => fine)
  expect(results).toEqual([
    { subject: "node one", ok: true, message: "drops nothing" },
    { subject: "node two", ok: true, message: "drops nothing" },
  ])
  expect(asked.map(({ pod, container, command }) => [pod, container, ...command])).toEqual([
    ["agent-on-one", "agent", "postern", "agent", "observe"],
    ["agent-on-two", "agent", "postern", "agent", "observe"],
  ])
})

test("one that cannot be told keeps no other from it", async () => {
  const { results } = await ordered([pod("one"), pod("two")], async ({ pod }) => {
    if (pod === "agent-on-one") throw new Error("no route to host")
    return { status: 3, stdout: "", stderr: "no agent\nlistens" }
  })
  expect(results).toEqual([
    { subject: "node one", ok: false, message: "no route to host" },
    { subject: "node two", ok: false, message: "no agent listens" },
  ])
})

test("a node without an agent is told, and a pod without a node is none", async () => {
  const { results } = await ordered([pod("one"), pod("")], async () => fine)
  expect(results.map(({ subject, ok, message }) => [subject, ok, message])).toEqual([
    ["node one", true, "drops nothing"],
    ["node two", false, "no agent runs there"],
  ])
})

test("of two agents on a node the one that runs is told", async () => {
  const pods = [pod("one", { name: "old", running: false }), pod("one", { name: "new" })]
  const { asked } = await ordered(pods, async () => fine)
  expect(asked.map(({ pod }) => pod)).toEqual(["new"])
})

test("a thousand nodes are told a hundred at a time", async () => {
  let underWay = 0
  let most = 0
  const pods = Array.from({ length: 1_000 }, (_, i) => pod(`node-${i}`))
  await orderAgents(
    {
      run: async () => {
        most = Math.max(most, ++underWay)
        await new Promise((resolve) => setImmediate(resolve))
        underWay--
        return fine
      },
    },
    { pods, nodes: [], namespace: "postern-system" },
    "observe",
  )
  expect(most).toBe(100)
})
