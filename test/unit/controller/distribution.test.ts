// What a stream is sent, case by case.

import { setImmediate } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import { createEngine } from "../../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../../src/compile/ruleset/options.ts"
import type { Change, Pod } from "../../../src/compile/snapshot.ts"
import { createDistributor } from "../../../src/controller/distributor.ts"
import { lower } from "../../../src/kinds/registry.ts"
import { rulesetDigest } from "../../../src/wire/digest.ts"
import type { ControllerMessage, StreamRequest } from "../../../src/wire/messages.ts"
import { networkPolicy, node, pod } from "../../snapshots.ts"
import { StreamAgent } from "./stream-agent.ts"

const START = Date.parse("2026-01-01T00:00:00Z")
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString()
const setPod = (name: string, rest: Partial<Pod>): Change => ({
  kind: "pod",
  op: "set",
  value: pod(name, rest),
})
const nodes: readonly Change[] = [
  { kind: "node", op: "set", value: node("node-a", { podCIDRs: ["10.0.1.0/24"] }) },
  { kind: "node", op: "set", value: node("node-b", { podCIDRs: ["10.0.2.0/24"] }) },
]
const web = setPod("web", { addresses: ["10.0.1.2"], networkSince: at(-3600) })

function cluster(...changes: readonly Change[]) {
  const [clock, canHear] = [{ now: START }, { now: true }]
  const events: string[] = []
  const distributor = createDistributor({
    engine: createEngine({ lower }),
    ruleset: defaultRulesetOptions,
    now: () => clock.now,
    canHear: () => canHear.now,
    mergeMs: 0,
    onEvent: ({ kind }) => void events.push(kind),
  })
  if (changes.length > 0) distributor.apply(changes)
  return { clock, canHear, distributor, events }
}

type World = ReturnType<typeof cluster>

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate()
}

/** The messages of a stream that begins like this. */
async function firstMessages(
  { distributor }: World,
  rest: Partial<StreamRequest>,
  name = "node-a",
): Promise<readonly ControllerMessage[]> {
  const messages: ControllerMessage[] = []
  const request = {
    protocol: 1,
    version: "test",
    revision: 0,
    digest: "",
    asOf: "",
    connections: [],
    ...rest,
  }
  distributor.attach(name, request, {
    buffered: () => 0,
    write: (line) => void messages.push(JSON.parse(line)),
    end: () => undefined,
  })
  await settled()
  return messages
}

async function held(world: World): Promise<StreamAgent> {
  const agent = new StreamAgent("node-a", world.distributor)
  agent.connect()
  await settled()
  return agent
}

describe("a stream begins", () => {
  test("with nothing, before the first lists are whole", async () => {
    const world = cluster()
    const agent = await held(world)
    expect(agent.kinds).toEqual([])
    world.distributor.apply(nodes)
    await settled()
    expect(agent.kinds).toEqual(["ruleset"])
  })

  test("with the ruleset under the next number, where the agent holds another", async () => {
    const [message] = await firstMessages(cluster(...nodes, web), { revision: 41, digest: "other" })
    expect(message).toMatchObject({
      kind: "ruleset",
      revision: 42,
      asOf: at(0),
      owners: { "10.0.1.2": "uid-shop-web" },
    })
  })

  test("with one line under the same number, where the agent holds the same", async () => {
    const world = cluster(...nodes, web)
    const agent = await held(world)
    const digest = rulesetDigest(agent.ruleset)
    const [message] = await firstMessages(world, { revision: 41, digest })
    expect(message).toEqual({
      kind: "unchanged",
      revision: 41,
      asOf: at(0),
      forget: [],
      bindings: [],
      owners: { "10.0.1.2": "uid-shop-web" },
    })
  })

  test("under the next number, where the agent holds the same and has something to forget", async () => {
    const world = cluster(...nodes, web)
    const digest = rulesetDigest((await held(world)).ruleset)
    const [message] = await firstMessages(world, {
      revision: 41,
      digest,
      asOf: at(0),
      connections: ["10.0.1.77"],
    })
    expect(message).toMatchObject({ kind: "unchanged", revision: 42, forget: ["10.0.1.77"] })
  })

  test("under 1 after the last number of all", async () => {
    const [message] = await firstMessages(cluster(...nodes), { revision: 0xffffffff, digest: "other" })
    expect(message).toMatchObject({ kind: "ruleset", revision: 1 })
  })

  test("with nothing for a node that nobody names, until somebody does", async () => {
    const world = cluster(...nodes)
    const messages = await firstMessages(world, { revision: 7, digest: "x" }, "node-z")
    expect(messages).toEqual([])
    world.distributor.apply([setPod("first", { node: "node-z", addresses: ["10.0.9.1"] })])
    await settled()
    expect(messages).toMatchObject([{ kind: "ruleset", revision: 8 }])
  })
})

describe("a new stream forgets the connections of an address", () => {
  const shared = setPod("young", { addresses: ["10.0.1.3"], networkSince: at(-30) })
  const gone: readonly Change[] = [
    setPod("roamer", { addresses: ["172.16.0.9"] }),
    { kind: "pod", op: "delete", namespace: "shop", name: "roamer" },
  ]
  test.for<[string, string, string, boolean]>([
    ["that nobody of the pod ranges owns", "10.0.2.99", at(-60), true],
    ["whose pod came up after what the agent holds", "10.0.1.3", at(-60), true],
    ["whose pod came up in the two seconds before", "10.0.1.3", at(-28.5), true],
    ["that was a pod's outside of the ranges", "172.16.0.9", at(-60), true],
    ["but not one whose pod was there before", "10.0.1.2", at(-60), false],
    ["but not one whose pod came up before", "10.0.1.3", at(-27), false],
    ["but not one that was never a pod's", "192.0.2.1", at(-60), false],
    ["but not a pod's, for an agent that had no program", "10.0.1.3", "", false],
  ])("%s", async ([, address, asOf, forgets]) => {
    const world = cluster(...nodes, web, shared)
    for (const change of gone) world.distributor.apply([change])
    const [message] = await firstMessages(world, { revision: 3, digest: "x", asOf, connections: [address] })
    expect(message).toMatchObject({ kind: "ruleset", forget: forgets ? [address] : [] })
  })
})

describe("an address that an agent must forget", () => {
  test("comes again with the next update after it refused one", async () => {
    const world = cluster(...nodes, web)
    const agent = await held(world)
    agent.report()
    world.distributor.apply([{ kind: "pod", op: "delete", namespace: "shop", name: "web" }])
    agent.report({ revision: agent.revision - 1, error: "refused" })
    agent.connections.push({ address: "10.0.1.2", uid: "left over" })
    world.distributor.apply([setPod("next", { addresses: ["10.0.1.9"] })])
    expect(agent.connections).toEqual([])
  })

  test("is told once where it was acknowledged", async () => {
    const world = cluster(...nodes, web)
    const agent = await held(world)
    world.distributor.apply([{ kind: "pod", op: "delete", namespace: "shop", name: "web" }])
    agent.report()
    agent.connections.push({ address: "10.0.1.2", uid: "next" })
    world.distributor.setSettings({ ...defaultRulesetOptions, logGroup: 7 })
    await settled()
    expect([agent.kinds, agent.connections.length]).toEqual([["ruleset", "update", "ruleset"], 1])
  })
})

test("a node whose object is deleted keeps its program, and still forgets", async () => {
  const world = cluster(...nodes, setPod("far", { node: "node-b", addresses: ["10.0.2.2"] }))
  const agent = await held(world)
  const before = agent.ruleset
  world.distributor.apply([{ kind: "node", op: "delete", name: "node-a" }])
  await settled()
  expect([agent.kinds, agent.ruleset]).toEqual([["ruleset"], before])
  agent.connections.push({ address: "10.0.2.2", uid: "uid-shop-far" })
  world.distributor.apply([{ kind: "pod", op: "delete", namespace: "shop", name: "far" }, ...nodes])
  await settled()
  expect([agent.kinds, agent.connections]).toEqual([["ruleset", "ruleset"], []])
})

test("a slow reader gets no queue: one ruleset when it has read", async () => {
  const world = cluster(...nodes, web, {
    kind: "policy",
    op: "set",
    value: networkPolicy("all", { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }),
  })
  const agent = await held(world)
  agent.isSlow = true
  for (let i = 10; i < 210; i++)
    world.distributor.apply([setPod(`pod-${i}`, { node: "node-b", addresses: [`10.0.2.${i}`] })])
  await settled()
  expect(agent.mostBuffered).toBeLessThan(10)
  agent.isSlow = false
  agent.read()
  await settled()
  expect(agent.kinds.filter((kind) => kind === "ruleset")).toHaveLength(2)
  expect(world.events.filter((kind) => kind === "reset")).toHaveLength(1)
  expect(JSON.stringify(agent.ruleset)).toContain("10.0.2.209")
})

describe("a stream lives", () => {
  test("by a line every few seconds", async () => {
    const world = cluster(...nodes)
    const agent = await held(world)
    for (let second = 0; second < 30; second++) {
      world.clock.now += 1_000
      world.distributor.tick()
    }
    expect(agent.kinds.filter((kind) => kind === "alive").length).toBeGreaterThanOrEqual(6)
  })

  test("and ends when its agent reports nothing for three minutes", async () => {
    const world = cluster(...nodes)
    const agent = await held(world)
    for (let minute = 0; minute < 5; minute++) {
      agent.report()
      world.clock.now += 60_000
      world.distributor.tick()
    }
    expect(agent.isConnected).toBe(true)
    world.clock.now += 180_000
    world.distributor.tick()
    expect([agent.isConnected, world.distributor.nodes().get("node-a")?.connected]).toEqual([false, false])
  })

  test("but not while nobody can say whose a report is, and three minutes later", async () => {
    const world = cluster(...nodes)
    const agent = await held(world)
    const isConnectedAfter = (milliseconds: number, canHear: boolean): boolean => {
      world.canHear.now = canHear
      world.clock.now += milliseconds
      world.distributor.tick()
      return agent.isConnected
    }
    expect(isConnectedAfter(3_600_000, false) && isConnectedAfter(180_000, true)).toBe(true)
    expect(isConnectedAfter(60_000, true)).toBe(false)
  })

  test("until the same node begins another", async () => {
    const world = cluster(...nodes)
    const older = await held(world)
    const newer = await held(world)
    expect([older.isConnected, newer.isConnected]).toEqual([false, true])
  })
})

test("batches that come in quick succession are one", async () => {
  const compiled: number[] = []
  const distributor = createDistributor({
    engine: createEngine({ lower }),
    ruleset: defaultRulesetOptions,
    mergeMs: 60_000,
    onEvent: (event) => void (event.kind === "compiled" && compiled.push(event.changes)),
  })
  distributor.apply(nodes)
  for (let i = 2; i < 9; i++) distributor.apply([setPod(`p${i}`, { addresses: [`10.0.1.${i}`] })])
  expect(compiled).toEqual([2])
  await distributor.close(0)
})

test("the same update is one text for all nodes that it is for", async () => {
  const world = cluster(...nodes, web, setPod("far", { node: "node-b", addresses: ["10.0.2.2"] }), {
    kind: "policy",
    op: "set",
    value: networkPolicy("all", { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }),
  })
  const bodies: string[] = []
  for (const name of ["node-a", "node-b"]) {
    const agent = new StreamAgent(name, world.distributor)
    agent.onLine = (line) => void bodies.push(line)
    agent.connect()
  }
  await settled()
  bodies.length = 0
  world.distributor.apply([setPod("third", { node: "node-c", addresses: ["10.0.3.2"] })])
  expect(bodies).toHaveLength(2)
  expect(new Set(bodies).size).toBe(1)
})
