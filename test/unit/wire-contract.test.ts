// What agents and controllers expect of each other: the agent's own client against the controller's own server, and
// against the fake that the agent's other tests have for one.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createControllerHttp } from "../../src/agent/process/controller-http.ts"
import { createReplicaMemory } from "../../src/agent/process/replica-memory.ts"
import { createStreamClient, type StreamClient } from "../../src/agent/process/stream-client.ts"
import type { StreamEvent } from "../../src/agent/process/stream-event.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { rulesetDigest } from "../../src/wire/digest.ts"
import { PROTOCOL_VERSION } from "../../src/wire/messages.ts"
import { type FakeStream, hello, startFakeController, testAuthority } from "../agent/fake-controller.ts"
import { createHoldingTarget, type HoldingTarget } from "../agent/holding-target.ts"
import { reportOf } from "../agent/report.ts"
import { networkPolicy, node, pod } from "../snapshots.ts"
import {
  agentUser,
  authenticated,
  authority,
  startLoopbackServer,
  token,
} from "./controller/loopback-server.ts"

interface Contender {
  readonly port: number
  /** PEM. */
  readonly ca: string
  /** A token that proves the node. */
  readonly tokenOf: (node: string) => string
  readonly change: (...changes: readonly Change[]) => void
  readonly reported: () => readonly number[]
  readonly close: () => Promise<void>
}

const CLUSTER: readonly Change[] = [
  { kind: "node", op: "set", value: node("node-a") },
  { kind: "node", op: "set", value: node("node-b") },
  { kind: "namespace", op: "set", value: { name: "shop", labels: {} } },
  { kind: "pod", op: "set", value: pod("web", { node: "node-a", addresses: ["10.0.1.2"] }) },
]
const DENY: Change = {
  kind: "policy",
  op: "set",
  value: networkPolicy("deny", { podSelector: {}, policyTypes: ["Ingress"] }),
}

async function realController(): Promise<Contender> {
  const loopback = await startLoopbackServer()
  const { distributor, reviews, port } = loopback
  distributor.apply(CLUSTER)
  return {
    port,
    ca: authority.certificate,
    tokenOf: (node) => {
      const made = token(`agent of ${node}`)
      reviews.set(made, authenticated(agentUser(node)))
      return made
    },
    change: (...changes) => distributor.apply(changes),
    reported: () => [...distributor.nodes().values()].flatMap((state) => state.report?.revision ?? []),
    close: () => loopback.close(),
  }
}

/** The fake, told by this test what to say. */
async function fakeController(): Promise<Contender> {
  const authority = await testAuthority()
  const engine = createEngine({ lower })
  engine.apply(CLUSTER)
  const sent = new Map<FakeStream, number>()
  const onStream = (stream: FakeStream): void => {
    const { request } = stream
    const ruleset = renderNode(engine.program(), stream.node, defaultRulesetOptions)
    const digest = rulesetDigest(ruleset)
    const isHeld = request.digest === digest
    const common = { revision: isHeld ? request.revision : request.revision + 1, asOf: "now" }
    sent.set(stream, common.revision)
    stream.send(isHeld ? { kind: "unchanged", ...common } : { kind: "ruleset", ruleset, digest, ...common })
  }
  const fake = await startFakeController({
    authority,
    tokens: { "token-of-node-a": "node-a", "token-of-node-b": "node-b" },
    greeting: [hello(["127.0.0.1:1"])],
    onStream,
  })
  return {
    port: fake.port,
    ca: authority.certificate,
    tokenOf: (node) => `token-of-${node}`,
    change: (...changes) => {
      const delta = engine.apply(changes)
      for (const [stream, from] of sent) {
        const update = renderDelta(engine.program(), delta, stream.node, defaultRulesetOptions)
        if (update === undefined) continue
        sent.set(stream, from + 1)
        stream.send({ kind: "update", from, revision: from + 1, asOf: "now", ...update })
      }
    },
    reported: () => fake.reports.map((each) => each.report.revision),
    close: () => fake.close(),
  }
}

describe.each<[string, () => Promise<Contender>]>([
  ["the controller", realController],
  ["the fake controller", fakeController],
])("%s", (_name, start) => {
  let contender: Contender
  let directory: string
  const clients: StreamClient[] = []

  beforeEach(async () => {
    contender = await start()
    directory = mkdtempSync(join(tmpdir(), "postern-contract-"))
    writeFileSync(join(directory, "ca.crt"), contender.ca)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.stop()
    await contender.close()
    rmSync(directory, { recursive: true, force: true })
  })

  function agent(target: HoldingTarget, shown = contender.tokenOf("node-a")) {
    const events: StreamEvent[] = []
    const tokenFile = join(directory, `token${clients.length}`)
    writeFileSync(tokenFile, shown)
    const client = createStreamClient({
      node: "node-a",
      version: "test",
      controllers: [{ host: "127.0.0.1", port: contender.port }],
      credentials: { caFile: join(directory, "ca.crt"), tokenFile },
      serverName: "postern-controller",
      target,
      memory: createReplicaMemory(join(directory, "state")),
      onEvent: (event) => events.push(event),
      timing: { pace: { leastMs: 1, firstMs: 10, mostMs: 50, slowMs: 60_000 } },
    })
    clients.push(client)
    client.start()
    return { client, events }
  }

  const comes = async (target: HoldingTarget, ...kinds: readonly string[]): Promise<void> => {
    await expect.poll(() => target.kinds, { timeout: 30_000 }).toEqual(kinds)
  }

  test("sends an agent that holds nothing the whole ruleset of its node", async () => {
    const target = createHoldingTarget()
    agent(target)
    await comes(target, "ruleset")
    expect(target.revision).toBeGreaterThan(0)
    expect(target.ruleset().length).toBeGreaterThan(10)
    const memory = createReplicaMemory(join(directory, "state"))
    await expect.poll(() => memory.read(), { timeout: 30_000 }).toEqual(["127.0.0.1:1"])
  })

  test("numbers on from what the agent holds, update by update", async () => {
    const target = createHoldingTarget()
    agent(target)
    await comes(target, "ruleset")
    const before = target.revision
    contender.change(DENY)
    await comes(target, "ruleset", "update")
    expect(target.revision).toBe(before + 1)
  })

  test("sends an agent that comes back what has changed, and nothing where nothing has", async () => {
    const target = createHoldingTarget()
    const { client } = agent(target)
    await comes(target, "ruleset")
    contender.change(DENY)
    await comes(target, "ruleset", "update")
    await client.stop()
    const { revision } = target
    const second = agent(target)
    await comes(target, "ruleset", "update", "unchanged")
    expect(target.revision).toBe(revision)
    await second.client.stop()
    contender.change({
      kind: "pod",
      op: "set",
      value: pod("db", { node: "node-a", addresses: ["10.0.1.3"] }),
    })
    agent(target)
    await comes(target, "ruleset", "update", "unchanged", "ruleset")
    expect(target.revision).toBeGreaterThan(revision)
  })

  test("ends the older of two streams of a node", async () => {
    const first = agent(createHoldingTarget())
    await expect.poll(() => first.client.replica, { timeout: 30_000 }).toBeDefined()
    agent(createHoldingTarget())
    const ends = () => first.events.flatMap((each) => (each.kind === "disconnected" ? [each.error.code] : []))
    await expect.poll(() => ends()[0], { timeout: 30_000 }).toBe("ended")
  })

  test("takes a report", async () => {
    const target = createHoldingTarget()
    const { client } = agent(target)
    await comes(target, "ruleset")
    await client.report({ ...reportOf(target.revision), denied: [{ chain: "deny_a", packets: 1 }] })
    await expect.poll(contender.reported, { timeout: 30_000 }).toContain(target.revision)
  })

  test.for<[string, (contender: Contender) => string, number]>([
    ["a token that nobody knows", () => token("stranger"), 401],
    ["a token of another node", ({ tokenOf }) => tokenOf("node-b"), 403],
  ])("refuses %s", async ([, shown, status]) => {
    const target = createHoldingTarget()
    const { client, events } = agent(target, shown(contender))
    await expect
      .poll(() => events[0], { timeout: 30_000 })
      .toMatchObject({ error: { code: "refused", status } })
    await expect(client.report(reportOf(1))).rejects.toMatchObject({ code: "refused", status })
    expect(target.kinds).toEqual([])
    expect(contender.reported()).toEqual([])
  })

  test("says that another protocol does not fit, with a code", async () => {
    const http = createControllerHttp({ serverName: "postern-controller", timeoutMs: 30_000 })
    const post = http.post({
      endpoint: { host: "127.0.0.1", port: contender.port },
      path: "/v1/nodes/node-a/stream",
      body: {
        ...createHoldingTarget().held(),
        protocol: PROTOCOL_VERSION + 7,
        version: "test",
        connections: [],
      },
      credentials: { ca: contender.ca, token: contender.tokenOf("node-a") },
      signal: AbortSignal.timeout(30_000),
      isStream: true,
    })
    await expect(post).rejects.toMatchObject({
      code: "incompatible",
      status: 426,
      wireCode: expect.stringMatching(/^PNP\d{4}$/),
    })
    http.close()
  })
})
