// The agent's own stream client at two replicas: it follows one, and goes on with the other without a new ruleset.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { type HeldProgram, holdProgram } from "../../../src/agent/held-program.ts"
import type { ProgramTarget } from "../../../src/agent/process/program-feed.ts"
import { createReplicaMemory } from "../../../src/agent/process/replica-memory.ts"
import { createStreamClient, type StreamClient } from "../../../src/agent/process/stream-client.ts"
import type { StreamEvent } from "../../../src/agent/process/stream-event.ts"
import { defaultRulesetOptions } from "../../../src/compile/ruleset/options.ts"
import type { Change } from "../../../src/compile/snapshot.ts"
import { rulesetDigest } from "../../../src/wire/digest.ts"
import { reportOf } from "../../agent/report.ts"
import { networkPolicy, pod } from "../../snapshots.ts"
import {
  agentUser,
  authenticated,
  authority,
  type LoopbackServer,
  startLoopbackServer,
  token,
} from "./loopback-server.ts"

const NODE = "node-a"
let directory: string
let replicas: readonly LoopbackServer[]
let client: StreamClient | undefined

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-fail-over-"))
  replicas = await Promise.all([startLoopbackServer(), startLoopbackServer()])
  const shown = token("agent")
  writeFileSync(join(directory, "token"), shown)
  writeFileSync(join(directory, "ca.crt"), authority.certificate)
  for (const { reviews } of replicas) reviews.set(shown, authenticated(agentUser(NODE)))
})

afterEach(async () => {
  await client?.stop()
  await Promise.all(replicas.map((replica) => replica.close()))
  rmSync(directory, { recursive: true, force: true })
})

/** An enforcer without a kernel. */
function createTarget() {
  let program: HeldProgram | undefined
  const forgotten: string[] = []
  const remember = (forget: readonly string[] = []): void => void forgotten.push(...forget)
  const target: ProgramTarget = {
    connections: async () => ["10.0.1.2", "10.0.1.99"],
    held: () => {
      const { revision = 0, asOf = "" } = program ?? {}
      const digest = program === undefined ? "" : rulesetDigest(program.whole().ruleset)
      return { revision, digest, asOf }
    },
    replace: async (node) => {
      program = holdProgram(node)
      remember(node.forget)
    },
    update: async (update) => {
      program?.advance(update)
      remember(update.forget)
    },
    unchanged: async (node) => {
      if (program !== undefined) program = holdProgram({ ...program.whole(), ...node })
      remember(node.forget)
    },
  }
  return { target, forgotten, held: () => program?.whole().ruleset ?? [] }
}

function everywhere(...changes: readonly Change[]): void {
  for (const { distributor } of replicas) distributor.apply(changes)
}

test("an agent follows a replica, and goes on with another without a new ruleset", async () => {
  everywhere({ kind: "pod", op: "set", value: pod("web", { addresses: ["10.0.1.2"] }) })
  const events: StreamEvent[] = []
  const { target, held, forgotten } = createTarget()
  client = createStreamClient({
    node: NODE,
    version: "test",
    controllers: replicas.map(({ port }) => ({ host: "127.0.0.1", port })),
    credentials: { caFile: join(directory, "ca.crt"), tokenFile: join(directory, "token") },
    serverName: "postern-controller",
    target,
    memory: createReplicaMemory(directory),
    onEvent: (event) => void events.push(event),
  })
  client.start()
  const inForce = () => events.flatMap((event) => (event.kind === "in-force" ? [event.message] : []))
  const serving = () => replicas.find(({ distributor }) => distributor.nodes().get(NODE)?.connected === true)
  await expect.poll(inForce, { timeout: 30_000 }).toEqual(["ruleset"])
  const first = serving()
  const policy = networkPolicy("all", { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })
  everywhere({ kind: "policy", op: "set", value: policy })
  const says = (word: string): boolean => JSON.stringify(held()).includes(word)
  await expect.poll(() => says("deny_"), { timeout: 30_000 }).toBe(true)
  await client.report(reportOf(target.held().revision))
  expect(first?.distributor.nodes().get(NODE)).toMatchObject({
    desiredRevision: target.held().revision,
    report: { revision: target.held().revision },
  })
  const before = events.length
  await first?.close()
  const next = () =>
    events.slice(before).flatMap((event) => (event.kind === "in-force" ? [event.message] : []))
  await expect.poll(next, { timeout: 30_000 }).toEqual(["unchanged"])
  expect(serving()).not.toBe(first)
  everywhere({ kind: "pod", op: "delete", namespace: "shop", name: "web" })
  await expect.poll(() => forgotten, { timeout: 30_000 }).toContain("10.0.1.2")
  const wanted = serving()?.distributor
  expect(wanted?.nodes().get(NODE)?.desiredRevision).toBe(target.held().revision)
  wanted?.setSettings({ ...defaultRulesetOptions, logGroup: 7 })
  await expect.poll(() => says('"group":7'), { timeout: 30_000 }).toBe(true)
})
