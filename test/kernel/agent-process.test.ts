// `postern agent` as a process on a node: killed, started again, alone, observed, removed.

import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { KeyPair } from "../../src/controller/x509.ts"
import { rulesetDigest } from "../../src/wire/digest.ts"
import type { ControllerMessage } from "../../src/wire/messages.ts"
import {
  type FakeController,
  type FakeStream,
  startFakeController,
  testAuthority,
} from "../agent/fake-controller.ts"
import {
  type AgentPlace,
  type AgentProcess,
  agentWord,
  PATIENCE_MS,
  type Relay,
  startAgentProcess,
  startRelay,
} from "./agent-process.ts"
import { type Cluster, createCluster, eventually } from "./cluster.ts"
import { pods, policy, selects, shop, v4 } from "./shop.ts"

let cluster: Cluster
let authority: KeyPair
let relay: Relay
let controller: FakeController
let place: AgentPlace
let directory: string
let count = 0
const agents: AgentProcess[] = []

beforeAll(async () => {
  cluster = await createCluster(shop, { enforce: false })
  await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
  authority = await testAuthority()
})
afterAll(() => cluster.close())

beforeEach(async () => {
  const { node, directory: above } = cluster.agent("node-a")
  directory = join(above, `process${++count}`)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, "ca.crt"), authority.certificate)
  writeFileSync(join(directory, "token"), "token")
  relay = await startRelay(cluster.lab, node, join(directory, "controller.sock"))
  controller = await startController()
  place = { lab: cluster.lab, node, directory, controllerPort: relay.port }
})
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.end("SIGKILL")))
  await controller.close()
  await relay.stop()
  await cluster.run("node/node-a", "nft flush ruleset; conntrack -F 2>/dev/null")
})

function startController(): Promise<FakeController> {
  return startFakeController({
    authority,
    tokens: { token: "node-a" },
    socketPath: join(directory, "controller.sock"),
  })
}

function agent(rest: Partial<AgentPlace> = {}): AgentProcess {
  const started = startAgentProcess({ ...place, ...rest })
  agents.push(started)
  return started
}

async function stream(number = 1): Promise<FakeStream> {
  await eventually(() => controller.streams.length >= number, `stream ${number}`, PATIENCE_MS)
  const found = controller.streams.at(-1)
  if (found === undefined) throw new Error("no stream")
  return found
}

function program(revision: number): ControllerMessage {
  const ruleset = cluster.render("node-a")
  return { kind: "ruleset", revision, ruleset, digest: rulesetDigest(ruleset), asOf: "2026-01-01T00:00:00Z" }
}

/** An agent that enforces revision 5 of the program. */
async function enforcing(): Promise<AgentProcess> {
  const started = agent()
  ;(await stream()).send(program(5))
  await started.until(({ notReady }) => notReady === "", "ready")
  return started
}

async function verdicts(): Promise<readonly string[]> {
  const to = v4(pods.server)
  const request = { to, protocol: "TCP", port: 9000 } as const
  const results = await cluster.lab.probeAll([
    { from: v4(pods.client), ...request },
    { from: v4(pods.other), ...request },
  ])
  return results.map(({ verdict }) => verdict)
}

const OPEN = ["allowed", "allowed"]
const ENFORCED = ["allowed", "denied"]

async function tables(): Promise<string> {
  return cluster.run("node/node-a", "nft list tables")
}

describe("an agent that never had a program", () => {
  test("installs nothing, lives, and is not ready", async () => {
    await controller.close()
    const started = agent()
    const { notReady } = await started.until(
      ({ streamError }) => streamError.includes("127.0.0.1"),
      "an attempt",
    )
    expect(notReady).toMatch(/^no program yet; 127\.0\.0\.1/)
    expect(await started.get("/healthz")).toMatchObject({ status: 200 })
    expect(await started.get("/readyz")).toMatchObject({
      status: 503,
      text: expect.stringContaining("no program"),
    })
    expect(await tables()).not.toContain("postern")
    const told = await agentWord(place, "status")
    expect(told).toMatchObject({ status: 1, stdout: expect.stringMatching(/^ready +no: no program yet/m) })
  })

  test("of no rights tells the controller why it cannot enforce", async () => {
    agent({ prefix: ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--"] })
    await eventually(() => controller.reports.length > 0, "a report", PATIENCE_MS)
    expect(controller.reports[0]?.report).toMatchObject({
      revision: 0,
      error: expect.stringContaining("NET_ADMIN"),
      problems: expect.arrayContaining([expect.objectContaining({ code: "no-rights", severity: "fatal" })]),
    })
    expect(controller.streams).toEqual([])
  })
})

test("an agent enforces what its stream says, and tells that it does", async () => {
  expect(await verdicts()).toEqual(OPEN)
  const started = await enforcing()
  expect(await verdicts()).toEqual(ENFORCED)
  const inForce = () => controller.reports.some(({ report }) => report.revision === 5 && report.error === "")
  await eventually(inForce, "the report", PATIENCE_MS)
  expect(controller.reports.every(({ node }) => node === "node-a")).toBe(true)
  expect(await started.get("/readyz")).toMatchObject({ status: 200 })
  const { text } = await started.get("/metrics")
  for (const line of [
    /^postern_agent_revision 5$/m,
    /^postern_agent_stream_connected 1$/m,
    /^postern_agent_transactions_total [1-9]/m,
    /^postern_agent_apply_seconds_count 1$/m,
    /^postern_agent_set_elements [1-9]/m,
  ])
    expect(text).toMatch(line)
})

test("an agent that is killed leaves its rules, and its successor needs no controller", async () => {
  const first = await enforcing()
  expect(await first.end("SIGKILL")).toEqual([null, "SIGKILL"])
  expect(await verdicts()).toEqual(ENFORCED)
  await controller.close()
  await cluster.run("node/node-a", "nft delete table inet postern")
  const second = agent()
  await second.until(({ notReady }) => notReady === "", "ready from the disk")
  expect(await verdicts()).toEqual(ENFORCED)
  controller = await startController()
  const ruleset = cluster.render("node-a")
  expect((await stream()).request).toMatchObject({ revision: 5, digest: rulesetDigest(ruleset) })
})

test("another replica that has nothing new is followed without touching the kernel", async () => {
  const started = await enforcing()
  const { enforcer: before } = await started.status()
  await controller.close()
  controller = await startController()
  ;(await stream()).send({ kind: "unchanged", revision: 5, asOf: "2026-01-02T00:00:00Z" })
  await eventually(
    () => started.log.filter(({ msg }) => msg === "in force").length === 2,
    "in force",
    PATIENCE_MS,
  )
  const { enforcer: after } = await started.status()
  expect([after.counters.applied, after.generation]).toEqual([before.counters.applied, before.generation])
  ;(await stream()).cut()
  expect((await stream(2)).request).toMatchObject({ revision: 5, asOf: "2026-01-02T00:00:00Z" })
})

test("a replica whose node is gone does not keep the agent from the next one", async () => {
  const hole =
    "nft 'add table ip hole; add chain ip hole input { type filter hook input priority 0; }; add rule ip hole input ip daddr 127.0.0.2 drop'"
  await cluster.run("node/node-a", hole)
  const started = agent({ flags: { controller: `127.0.0.2:9443,127.0.0.1:${place.controllerPort}` } })
  await stream()
  expect(started.log).toContainEqual(
    expect.objectContaining({
      replica: "127.0.0.2:9443",
      msg: expect.stringContaining("no connection within 5000 ms"),
    }),
  )
})

test("an agent ends with 0 when it is told to, and leaves its rules", async () => {
  const started = await enforcing()
  expect(await started.end("SIGTERM")).toEqual([0, null])
  expect(await verdicts()).toEqual(ENFORCED)
  expect(readdirSync(directory)).not.toContain("agent.sock")
})

test("one order puts a node into observe mode without a controller, and it outlives the agent", async () => {
  const first = await enforcing()
  await controller.close()
  expect(statSync(first.socket).mode & 0o777).toBe(0o600)
  expect(await agentWord(place, "observe")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("observes"),
  })
  expect(await verdicts()).toEqual(OPEN)
  await first.end("SIGKILL")
  const second = agent()
  await second.until(({ notReady, enforcer }) => notReady === "" && enforcer.observing, "observing")
  expect(await verdicts()).toEqual(OPEN)
  expect(await agentWord(place, "enforce")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("is not switched"),
  })
  expect(await verdicts()).toEqual(ENFORCED)
})

test("a second agent on a node waits until the first one is gone", async () => {
  const first = await enforcing()
  const second = agent()
  await eventually(
    () => second.log.some(({ msg }) => String(msg).startsWith("another agent")),
    "the second one waits",
    PATIENCE_MS,
  )
  expect((await first.status()).processId).toBe(first.child.pid)
  await first.end("SIGTERM")
  await second.until(({ processId }) => processId === second.child.pid, "the second one has the socket")
})

test("an address that the node has not ends the agent with 1 and a line that says so, and the rules stay", async () => {
  const first = await enforcing()
  await first.end("SIGKILL")
  // A port that is not there to be had.
  const second = agent({ flags: { metrics: "192.0.2.1:1" } })
  const [status] = await second.ended
  expect(status).toBe(1)
  expect(second.log.at(-1)).toMatchObject({
    level: "error",
    msg: expect.stringContaining("192.0.2.1:1: this host has no such address (EADDRNOTAVAIL)"),
  })
  expect(await verdicts()).toEqual(ENFORCED)
})

test("what was denied is counted, by chain", async () => {
  const started = await enforcing()
  expect(await verdicts()).toEqual(ENFORCED)
  const denied = () =>
    controller.reports
      .flatMap(({ report }) => report.denied ?? [])
      .find(({ chain, packets }) => chain.startsWith("deny_") && packets > 0)
  await eventually(() => denied() !== undefined, "a report with it", 2 * PATIENCE_MS)
  const { text } = await started.get("/metrics")
  expect(text).toMatch(/^postern_agent_denied_packets_total\{chain="deny_\w+"\} [1-9]/m)
})

describe("removal", () => {
  test("by an agent that runs lasts, whatever its stream says", async () => {
    const started = await enforcing()
    expect(await agentWord(place, "remove")).toMatchObject({ status: 0 })
    expect(await tables()).not.toContain("postern")
    expect(readdirSync(join(directory, "state"))).toEqual([])
    await setTimeout(1_000)
    expect(await tables()).not.toContain("postern")
    expect(await started.get("/readyz")).toMatchObject({ status: 503 })
    expect(await verdicts()).toEqual(OPEN)
    expect(await started.end("SIGTERM")).toEqual([0, null])
    expect(await tables()).toBe("")
  })

  test("without one is done by the command, once, also after an agent that was killed", async () => {
    await (await enforcing()).end("SIGKILL")
    expect(await tables()).toContain("table inet nftables_json")
    const remove = () => agentWord(place, "remove", `--state=${join(directory, "state")}`)
    expect(await remove()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("removed table inet postern"),
    })
    expect(await tables()).toBe("")
    expect(await remove()).toMatchObject({ status: 0, stdout: "there was nothing to remove\n" })
    expect(await verdicts()).toEqual(OPEN)
  })
})
