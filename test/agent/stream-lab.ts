// An agent's stream client, with a fake enforcer behind it, and replicas of a controller before it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createReplicaMemory } from "../../src/agent/process/replica-memory.ts"
import {
  createStreamClient,
  type StreamClient,
  type StreamTiming,
} from "../../src/agent/process/stream-client.ts"
import type { StreamEvent } from "../../src/agent/process/stream-event.ts"
import type { KeyPair } from "../../src/controller/x509.ts"
import { type ControllerMessage } from "../../src/wire/messages.ts"
import {
  type FakeController,
  type FakeControllerOptions,
  type FakeStream,
  startFakeController,
  testAuthority,
} from "./fake-controller.ts"
import { createFakeTarget, type FakeTarget } from "./fake-target.ts"

const QUICK: Partial<StreamTiming> = {
  pace: { leastMs: 1, firstMs: 10, mostMs: 50, slowMs: 60_000 },
  silenceMs: 10_000,
  answerMs: 10_000,
}

export interface StreamLab {
  /** With ca.crt, token and the agent's state. */
  readonly directory: string
  readonly authority: KeyPair
  readonly target: FakeTarget
  replica(options?: Partial<FakeControllerOptions>): Promise<FakeController>
  follow(controllers: readonly { readonly port: number }[], timing?: Partial<StreamTiming>): RunningClient
  /** Of what the agent has learned. */
  replicas(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface RunningClient {
  readonly client: StreamClient
  readonly events: StreamEvent[]
}

export async function createStreamLab(): Promise<StreamLab> {
  const directory = mkdtempSync(join(tmpdir(), "postern-stream-"))
  const authority = await testAuthority()
  const target = createFakeTarget()
  const closing: (() => Promise<void>)[] = []
  writeFileSync(join(directory, "ca.crt"), authority.certificate)
  writeFileSync(join(directory, "token"), "token\n")
  return {
    directory,
    authority,
    target,
    replica: async (options = {}) => {
      const controller = await startFakeController({ authority, ...options })
      closing.push(() => controller.close())
      return controller
    },
    follow: (controllers, timing = {}) => {
      const running = follow({ directory, target }, controllers, timing)
      closing.push(() => running.client.stop())
      return running
    },
    replicas: () => createReplicaMemory(join(directory, "state")).read(),
    close: async () => {
      target.release()
      for (const close of closing.toReversed()) await close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function follow(
  { directory, target }: Pick<StreamLab, "directory" | "target">,
  controllers: readonly { readonly port: number }[],
  timing: Partial<StreamTiming>,
): RunningClient {
  const events: StreamEvent[] = []
  const client = createStreamClient({
    node: "node-1",
    version: "test",
    controllers: controllers.map(({ port }) => ({ host: "127.0.0.1", port })),
    credentials: { caFile: join(directory, "ca.crt"), tokenFile: join(directory, "token") },
    serverName: "postern-controller",
    target,
    memory: createReplicaMemory(join(directory, "state")),
    onEvent: (event) => events.push(event),
    timing: { ...QUICK, ...timing },
  })
  client.start()
  return { client, events }
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await setTimeout(5)
  }
}

export async function newest(controller: FakeController, count = 1): Promise<FakeStream> {
  await until(() => controller.streams.length >= count, `stream ${count}`)
  const stream = controller.streams.at(-1)
  if (stream === undefined) throw new Error("no stream")
  return stream
}

export const failures = (events: readonly StreamEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === "disconnected" ? [event.error.code] : []))

export const words = (events: readonly StreamEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === "disconnected" ? [event.error.message] : []))

export const ruleset = (revision: number): ControllerMessage => {
  return { kind: "ruleset", revision, ruleset: [], digest: `d${revision}`, asOf: `t${revision}` }
}

export const update = (from: number, revision: number, filling = ""): ControllerMessage => ({
  kind: "update",
  from,
  revision,
  plan: { add: [], flip: [], remove: [] },
  forget: filling === "" ? [] : [filling],
  narrows: false,
  asOf: `t${revision}`,
})
