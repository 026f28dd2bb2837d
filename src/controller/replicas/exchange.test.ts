// Two replicas, each with some of the agents, know of all nodes what both do: whatever is lost between them.

import { afterEach, expect, test, vi } from "vitest"
import type { NodeReport } from "../../wire/messages.ts"
import type { NodeState } from "../node-state.ts"
import { createPolicyProgress, type PolicyProgress, type PolicyVersion } from "../status/policy-progress.ts"
import { createReplicaExchange, type ReplicaExchange } from "./exchange.ts"
import type { Posted } from "./news-sender.ts"
import { type ReplicaNews, readReplicaNews } from "./replica-news.ts"

const policy: PolicyVersion = {
  key: "NetworkPolicy/shop/a",
  uid: "u1",
  generation: 1,
  enforcement: "enforce",
  nodes: ["one", "two"],
}

interface Replica {
  readonly exchange: ReplicaExchange
  readonly progress: PolicyProgress
  readonly touched: string[]
  readonly denied: string[]
  /** An agent of the node is here, and has applied this. */
  serve(node: string, wanted: number, applied: number): void
  leave(node: string): void
  outstanding(): readonly string[]
}

type Wire = (news: ReplicaNews) => Posted

const running: Replica[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ exchange }) => exchange.stop()))
})

function replica(wire: Wire): Replica {
  const states = new Map<string, NodeState>()
  const touched: string[] = []
  const denied: string[] = []
  const progress: PolicyProgress = createPolicyProgress({
    stateOf: (node) => states.get(node),
    onConfirmed: (key) => exchange.policyChanged(key),
    onFollowed: (key) => exchange.followed(key),
  })
  const exchange = createReplicaExchange({
    progress,
    localNodes: () => states,
    onNode: (node) => void touched.push(node),
    onDenied: (key, { ingress, egress }) => void denied.push(`${key} ${ingress} ${egress}`),
    post: async (_peer, news) => wire(news),
    timing: { everyMs: 2, aliveMs: 10, retryMs: 2 },
  })
  const set = (state: NodeState): void => {
    states.set(state.node, state)
    progress.nodeChanged(state)
    exchange.nodeChanged(state)
  }
  const made: Replica = {
    exchange,
    progress,
    touched,
    denied,
    serve: (node, wanted, applied) => set(stateOf(node, wanted, applied)),
    leave: (node) => set({ ...stateOf(node, 0, 0), connected: false }),
    outstanding: () => [...progress.outstanding(policy.key)].toSorted(),
  }
  running.push(made)
  return made
}

/** Everything that is told goes through JSON and the reader. */
function pair(lossy: (message: number) => boolean = () => false): readonly [Replica, Replica] {
  let count = 0
  const deliver =
    (to: () => Replica): Wire =>
    (news) => {
      if (lossy(++count)) return "failed"
      const read = readReplicaNews(JSON.parse(JSON.stringify(news)))
      if (read === undefined) throw new Error("it cannot be read")
      const isTaken = to().exchange.take(read)
      // The answer may be lost, too.
      return lossy(++count) ? "failed" : isTaken ? "taken" : "missed"
    }
  const a: Replica = replica(deliver(() => b))
  const b: Replica = replica(deliver(() => a))
  for (const { exchange } of [a, b]) exchange.setPeers(["10.0.0.1:1"])
  return [a, b]
}

function stateOf(node: string, desiredRevision: number, revision: number): NodeState {
  const report: NodeReport = {
    protocol: 1,
    version: "1",
    revision,
    milliseconds: 0,
    error: "",
    isolated: [],
    failedClosed: [],
    problems: [],
    addresses: ["10.0.0.1"],
    observing: false,
  }
  return { node, connected: true, version: "1", desiredRevision, desiredSince: 1, report, reportedAt: 1 }
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

test.for<readonly [string, (message: number) => boolean]>([
  ["when nothing is lost", () => false],
  ["when every third message is lost, or its answer", (message) => message % 3 === 0],
])("a policy is confirmed by agents of both replicas: %s", async ([, lossy]) => {
  const [a, b] = pair(lossy)
  a.serve("one", 5, 4)
  b.serve("two", 9, 8)
  a.progress.follow(policy)
  b.progress.follow(policy)
  a.serve("one", 5, 5)
  await eventually(() => expect([a.outstanding(), b.outstanding()]).toEqual([["two"], ["two"]]))
  b.serve("two", 9, 9)
  await eventually(() => expect([a.outstanding(), b.outstanding()]).toEqual([[], []]))
})

test("a replica that is behind with its watch confirms nothing that it has not seen", async () => {
  const [a, b] = pair()
  b.serve("two", 9, 9)
  b.progress.follow({ ...policy, nodes: ["two"] })
  await eventually(() => expect(a.exchange.stateOf("two")?.connected).toBe(true))
  a.progress.follow({ ...policy, generation: 2, nodes: ["two"] })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(a.outstanding()).toEqual(["two"])
  b.progress.follow({ ...policy, generation: 2, nodes: ["two"] })
  await eventually(() => expect(a.outstanding()).toEqual([]))
})

test("what the other replica has seen first counts when this one sees it", async () => {
  const [a, b] = pair()
  b.serve("two", 9, 9)
  b.progress.follow({ ...policy, nodes: ["two"] })
  await eventually(() => expect(a.exchange.stateOf("two")?.connected).toBe(true))
  await new Promise((resolve) => setTimeout(resolve, 50))
  a.progress.follow({ ...policy, nodes: ["two"] })
  await eventually(() => expect(a.outstanding()).toEqual([]))
})

test("a node that the other replica serves is connected, until it goes", async () => {
  const [a, b] = pair()
  b.serve("two", 9, 9)
  await eventually(() => expect(a.exchange.stateOf("two")).toMatchObject({ connected: true, version: "1" }))
  b.leave("two")
  await eventually(() => expect(a.exchange.stateOf("two")?.connected).not.toBe(true))
  expect(a.touched).toContain("two")
})

test("a replica of which nothing is heard serves nobody", async () => {
  const [a, b] = pair()
  b.serve("two", 9, 9)
  await eventually(() => expect(a.exchange.stateOf("two")?.connected).toBe(true))
  await b.exchange.stop()
  a.exchange.tick(Date.now() + 60_000)
  expect(a.exchange.stateOf("two")).toBe(undefined)
})

test("a message that is missing is noticed at the next one, and everything is told once more", async () => {
  let dropped = 0
  const b: Replica = replica(() => "taken")
  const a = replica((news) => {
    // It got lost where nobody noticed.
    if (news.nodes.some(({ node }) => node === "two") && dropped++ === 0) return "taken"
    return b.exchange.take(news) ? "taken" : "missed"
  })
  a.exchange.setPeers(["10.0.0.1:1"])
  a.serve("one", 1, 1)
  await eventually(() => expect(b.exchange.stateOf("one")?.connected).toBe(true))
  a.serve("two", 1, 1)
  await eventually(() => expect(b.exchange.stateOf("two")?.connected).toBe(true))
  expect(dropped).toBe(2)
})

test("a new revision alone is no news", async () => {
  const messages: ReplicaNews[] = []
  const a = replica((news) => {
    messages.push(news)
    return "taken"
  })
  a.exchange.setPeers(["10.0.0.1:1"])
  a.serve("one", 5, 5)
  await eventually(() => expect(messages.flatMap(({ nodes }) => nodes)).toHaveLength(1))
  for (let revision = 6; revision < 50; revision++) a.serve("one", revision, revision)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(messages.flatMap(({ nodes }) => nodes)).toHaveLength(1)
})

test("denials add up until they are told, and are told once", async () => {
  const [a, b] = pair()
  await eventually(() => expect(a.denied).toEqual([]))
  b.exchange.denied(policy.key, { ingress: 2, egress: 0 })
  b.exchange.denied(policy.key, { ingress: 1, egress: 4 })
  await eventually(() => expect(a.denied).toEqual([`${policy.key} 3 4`]))
})
