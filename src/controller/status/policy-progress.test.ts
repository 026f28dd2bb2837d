// When a node counts as having a policy in force.

import { expect, test } from "vitest"
import type { NodeReport } from "../../wire/messages.ts"
import type { NodeState } from "../node-state.ts"
import { createPolicyProgress, type PolicyVersion } from "./policy-progress.ts"

const policy: PolicyVersion = {
  key: "NetworkPolicy shop/a",
  uid: "u1",
  generation: 1,
  enforcement: "enforce",
  nodes: ["one", "two"],
}

interface Node {
  readonly connected?: boolean
  readonly wanted: number
  readonly reported?: number
}

function world(nodes: Readonly<Record<string, Node>>) {
  const states = new Map<string, NodeState>()
  const told: string[] = []
  const progress = createPolicyProgress({
    stateOf: (node) => states.get(node),
    onConfirmed: (_, node) => void told.push(node),
  })
  const say = (name: string, { connected = true, wanted, reported }: Node): void => {
    const report = reported === undefined ? undefined : reportOf(reported)
    const state: NodeState = {
      node: name,
      connected,
      version: "",
      desiredRevision: wanted,
      desiredSince: 0,
      report,
      reportedAt: 0,
    }
    states.set(name, state)
    progress.nodeChanged(state)
  }
  for (const [name, node] of Object.entries(nodes)) say(name, node)
  const outstanding = () => [...progress.outstanding(policy.key)].toSorted()
  return { progress, say, told, outstanding }
}

function reportOf(revision: number): NodeReport {
  return {
    protocol: 1,
    version: "",
    revision,
    milliseconds: 0,
    error: "",
    isolated: [],
    failedClosed: [],
    problems: [],
    addresses: [],
    observing: false,
  }
}

test("a node has a policy in force when it reports the revision in which it was sent", () => {
  const { progress, say, told, outstanding } = world({
    one: { wanted: 5, reported: 4 },
    two: { wanted: 9, reported: 7 },
  })
  expect(progress.follow(policy)).toBe(true)
  expect(outstanding()).toEqual(["one", "two"])
  say("one", { wanted: 6, reported: 5 })
  say("two", { wanted: 9, reported: 8 })
  expect(outstanding()).toEqual(["two"])
  say("two", { wanted: 12, reported: 11 })
  expect([outstanding(), told]).toEqual([[], ["one", "two"]])
})

test("a node whose ruleset the policy did not change has it in force at once", () => {
  const { progress, outstanding } = world({
    one: { wanted: 5, reported: 5 },
    two: { wanted: 9, reported: 9 },
  })
  progress.follow(policy)
  expect(outstanding()).toEqual([])
})

test("a node without an agent, or to which nothing was written yet, is outstanding", () => {
  const { progress, say, outstanding } = world({ one: { connected: false, wanted: 5, reported: 5 } })
  progress.follow(policy)
  expect(outstanding()).toEqual(["one", "two"])
  say("one", { wanted: 0, reported: 5 })
  expect(outstanding()).toEqual(["one", "two"])
  say("one", { wanted: 5, reported: 5 })
  expect(outstanding()).toEqual(["two"])
})

test("on a new stream other numbers count: what is written first to it holds everything", () => {
  const { progress, say, outstanding } = world({
    one: { wanted: 500, reported: 400 },
    two: { wanted: 1, reported: 1 },
  })
  progress.follow(policy)
  say("one", { connected: false, wanted: 500, reported: 400 })
  say("one", { wanted: 0, reported: 400 })
  say("one", { wanted: 7, reported: 6 })
  expect(outstanding()).toEqual(["one"])
  say("one", { wanted: 7, reported: 7 })
  expect(outstanding()).toEqual([])
})

test("a stream that takes another's place has other numbers, too", () => {
  const { progress, say, outstanding } = world({
    one: { wanted: 500, reported: 400 },
    two: { wanted: 1, reported: 1 },
  })
  progress.follow(policy)
  say("one", { wanted: 0, reported: 400 })
  say("one", { wanted: 7, reported: 7 })
  expect(outstanding()).toEqual([])
})

test.for<readonly [string, Partial<PolicyVersion>, boolean]>([
  ["the same", {}, false],
  ["the same with other nodes", { nodes: ["three"] }, false],
  ["a new generation", { generation: 2 }, true],
  ["another object of the name", { uid: "u2" }, true],
  ["another mode", { enforcement: "observe" }, true],
])("what begins anew and what does not: %s", ([, change, expected]) => {
  const { progress, say, outstanding } = world({
    one: { wanted: 1, reported: 1 },
    two: { wanted: 1, reported: 1 },
  })
  progress.follow(policy)
  say("one", { wanted: 2, reported: 1 })
  expect(progress.follow({ ...policy, ...change })).toBe(expected)
  expect(outstanding()).toEqual(expected ? ["one"] : [])
})

test("what another replica has heard counts for this version alone", () => {
  const { progress, outstanding } = world({})
  progress.follow(policy)
  progress.confirmed(policy.key, { ...policy, generation: 0 }, "one")
  progress.confirmed(policy.key, { ...policy, uid: "u0" }, "one")
  expect(outstanding()).toEqual(["one", "two"])
  progress.confirmed(policy.key, policy, "one")
  expect(outstanding()).toEqual(["two"])
})

test("revisions begin anew", () => {
  const { progress, say, outstanding } = world({
    one: { wanted: 0xffffffff, reported: 0xfffffffe },
    two: { wanted: 1, reported: 0xffffffff },
  })
  progress.follow(policy)
  say("one", { wanted: 2, reported: 2 })
  say("two", { wanted: 1, reported: 0xffffffff })
  expect(outstanding()).toEqual(["two"])
})

test("a policy that is gone is outstanding nowhere", () => {
  const { progress, say, told } = world({ one: { wanted: 5, reported: 4 } })
  progress.follow(policy)
  progress.drop(policy.key)
  say("one", { wanted: 5, reported: 5 })
  expect(told).toEqual([])
  expect(progress.isConfirmed(policy.key, "one")).toBe(false)
})
