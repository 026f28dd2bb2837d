// The agent's stream against replicas on loopback: which one it follows, and what it makes of what comes.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { NftError } from "nftables-json/errors"
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { createReplicaMemory } from "../../src/agent/process/replica-memory.ts"
import {
  createStreamClient,
  type StreamClient,
  type StreamTiming,
} from "../../src/agent/process/stream-client.ts"
import type { StreamEvent } from "../../src/agent/process/stream-event.ts"
import type { KeyPair } from "../../src/controller/x509.ts"
import { type ControllerMessage, type NodeReport, PROTOCOL_VERSION } from "../../src/wire/messages.ts"
import {
  deadPort,
  type FakeController,
  type FakeControllerOptions,
  type FakeStream,
  hello,
  servingPair,
  startFakeController,
  testAuthority,
} from "../agent/fake-controller.ts"
import { createFakeTarget, type FakeTarget } from "../agent/fake-target.ts"

const QUICK: Partial<StreamTiming> = {
  pace: { leastMs: 1, firstMs: 10, mostMs: 50, slowMs: 60_000 },
  silenceMs: 10_000,
  answerMs: 10_000,
}

let authority: KeyPair
let directory: string
let target: FakeTarget
const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  authority = await testAuthority()
})

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "postern-stream-"))
  target = createFakeTarget()
  writeFileSync(join(directory, "ca.crt"), authority.certificate)
  writeFileSync(join(directory, "token"), "token\n")
})

afterEach(async () => {
  target.release()
  for (const close of closing.splice(0).toReversed()) await close()
  rmSync(directory, { recursive: true, force: true })
})

async function replica(options: Partial<FakeControllerOptions> = {}): Promise<FakeController> {
  const controller = await startFakeController({ authority, ...options })
  closing.push(() => controller.close())
  return controller
}

interface RunningClient {
  readonly client: StreamClient
  readonly events: StreamEvent[]
}

function follow(
  controllers: readonly { readonly port: number }[],
  timing: Partial<StreamTiming> = {},
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
  closing.push(() => client.stop())
  client.start()
  return { client, events }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await setTimeout(5)
  }
}

async function newest(controller: FakeController, count = 1): Promise<FakeStream> {
  await until(() => controller.streams.length >= count, `stream ${count}`)
  const stream = controller.streams.at(-1)
  if (stream === undefined) throw new Error("no stream")
  return stream
}

const failures = (events: readonly StreamEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === "disconnected" ? [event.error.code] : []))

const ruleset = (revision: number): ControllerMessage => {
  return { kind: "ruleset", revision, ruleset: [], digest: `d${revision}`, asOf: `t${revision}` }
}

const update = (from: number, revision: number, filling = ""): ControllerMessage => ({
  kind: "update",
  from,
  revision,
  plan: { add: [], flip: [], remove: [] },
  forget: filling === "" ? [] : [filling],
  narrows: false,
  asOf: `t${revision}`,
})

describe("a stream", () => {
  test("begins with what the agent holds, and its connections", async () => {
    target.hold(7, "digest")
    const controller = await replica()
    follow([controller])
    const { node, request } = await newest(controller)
    expect(node).toBe("node-1")
    expect(request).toEqual({
      protocol: PROTOCOL_VERSION,
      version: "test",
      revision: 7,
      digest: "digest",
      asOf: "",
      connections: ["10.0.0.1"],
    })
  })

  test("is applied in order", async () => {
    const controller = await replica()
    const { events } = follow([controller])
    const stream = await newest(controller)
    stream.send(ruleset(1), update(1, 2), { kind: "alive" }, update(2, 3), ruleset(9), update(9, 10))
    await until(() => target.calls.length === 5, "five messages")
    expect(target.calls).toEqual(["replace 1", "update 1-2", "update 2-3", "replace 9", "update 9-10"])
    await until(() => events.filter(({ kind }) => kind === "in-force").length === 5, "five in force")
  })

  test("is not a matter of pieces: a message comes byte by byte, the next ones in one", async () => {
    const controller = await replica()
    follow([controller])
    const stream = await newest(controller)
    const first = JSON.stringify({ ...ruleset(1), asOf: "é€😀" })
    for (const byte of Buffer.from(`${first}\n`)) {
      stream.response.write(Buffer.from([byte]))
      if (byte > 127) await setTimeout(1)
    }
    stream.write([update(1, 2), update(2, 3)].map((each) => `${JSON.stringify(each)}\n`).join(""))
    await until(() => target.calls.length === 3, "three messages")
    expect(target.calls).toEqual(["replace 1", "update 1-2", "update 2-3"])
    expect(target.held().asOf).toBe("t3")
  })

  test.for<[string, (stream: FakeStream) => void, string]>([
    [
      "that is cut within a line",
      (stream) => (stream.write(JSON.stringify(ruleset(1))), stream.cut()),
      "ended",
    ],
    [
      "that ends within a line",
      (stream) => stream.response.end(JSON.stringify(ruleset(1)).slice(0, -1)),
      "ended",
    ],
    ["with a line that is not JSON", (stream) => stream.write("<html>\n"), "malformed"],
    ["with a message of no kind", (stream) => stream.write('{"kind":"else"}\n'), "malformed"],
    ["with a message that lacks its fields", (stream) => stream.write('{"kind":"update"}\n'), "malformed"],
    ["with a kind that every object has", (stream) => stream.write('{"kind":"constructor"}\n'), "malformed"],
  ])("%s begins again, and nothing of it is applied", async ([, spoil, code]) => {
    const controller = await replica()
    const { events } = follow([controller])
    spoil(await newest(controller))
    const stream = await newest(controller, 2)
    expect(failures(events)).toEqual([code])
    expect(target.calls).toEqual([])
    stream.send(ruleset(1))
    await until(() => target.calls.length === 1, "the next stream is followed")
  })

  test("that does not begin with hello is not followed", async () => {
    const controller = await replica({ greeting: [ruleset(1)] })
    const { events } = follow([controller])
    await until(() => failures(events).length > 0, "an end")
    expect(failures(events)[0]).toBe("malformed")
    expect(target.calls).toEqual([])
  })

  test("with a line of 65 MB is given up, and its memory", async () => {
    const controller = await replica()
    const { events } = follow([controller])
    const stream = await newest(controller)
    const piece = "x".repeat(1024 * 1024)
    for (let i = 0; i < 65 && stream.isOpen; i++) {
      if (!stream.response.write(piece)) await setTimeout(1)
    }
    await until(() => failures(events).length > 0, "an end")
    expect(failures(events)[0]).toBe("malformed")
  })
})

describe("another replica", () => {
  test("serves when the first one dies, and what is in force is not touched", async () => {
    const [first, second] = [await replica(), await replica()]
    const { client } = follow([first, second])
    ;(await newest(first)).send(ruleset(1), update(1, 2))
    await until(() => target.calls.length === 2, "two messages")
    await first.close()
    const stream = await newest(second)
    expect(stream.request).toMatchObject({ revision: 2, digest: "d2", asOf: "t2" })
    stream.send({ kind: "unchanged", revision: 2, asOf: "t2b" }, update(2, 3))
    await until(() => target.calls.length === 4, "the update")
    expect(target.calls.slice(2)).toEqual(["unchanged 2", "update 2-3"])
    expect(client.replica).toEqual({ host: "127.0.0.1", port: second.port })
  })

  test("is learned from the first one, and remembered for an agent that starts later", async () => {
    const learned = await replica()
    const first = await replica({ greeting: [hello([learned.address, "not an address", "name.example:1"])] })
    const { client } = follow([first])
    ;(await newest(first)).send(ruleset(1))
    await until(() => target.calls.length === 1, "the program")
    await first.close()
    await newest(learned)
    await client.stop()
    expect(readFileSync(join(directory, "state", "replicas"), "utf8")).toBe(`${learned.address}\n`)
    follow([{ port: await deadPort() }])
    await newest(learned, 2)
  })

  test("is learned while the stream lives, and forgotten when it is gone", async () => {
    const first = await replica()
    follow([first])
    ;(await newest(first)).send(
      { kind: "replicas", replicas: ["127.0.0.9:9", first.address] },
      { kind: "replicas", replicas: ["127.0.0.8:8", first.address] },
    )
    const memory = createReplicaMemory(join(directory, "state"))
    await expect.poll(() => memory.read(), { timeout: 30_000 }).toEqual(["127.0.0.8:8"])
  })

  test("is tried where one says nothing", async () => {
    const [first, second] = [await replica(), await replica()]
    const { events } = follow([first, second], { silenceMs: 200 })
    await newest(first)
    await newest(second)
    expect(failures(events)[0]).toBe("silent")
  })

  test.for<[string, Partial<FakeControllerOptions>, string]>([
    ["speaks another protocol", { greeting: [hello([], PROTOCOL_VERSION + 1), ruleset(1)] }, "incompatible"],
    [
      "says that the protocols do not fit",
      { refusal: { status: 426, body: { code: "PNP9999", message: "upgrade" } } },
      "incompatible",
    ],
    ["has no use for the agent", { refusal: { status: 503, body: "later" } }, "refused"],
    ["knows no such token", { tokens: ["another"] }, "refused"],
    ["has a certificate for another name", { name: "elsewhere" }, "unreachable"],
  ])("is tried where one %s", async ([, options, code]) => {
    const [first, second] = [await replica(options), await replica()]
    const { events } = follow([first, second])
    await newest(second)
    expect(failures(events)).toEqual([code])
    expect(target.calls).toEqual([])
  })

  test("that another CA vouches for is told nothing, not even a token", async () => {
    const impostor = await replica({ authority: await testAuthority() })
    const { events } = follow([impostor])
    await until(() => failures(events).length > 1, "two attempts")
    expect(failures(events)[0]).toBe("unreachable")
    expect(impostor.asked).toEqual([])
  })

  test("of no protocol that fits is asked seldom, and its words are told", async () => {
    const refusal = { status: 426, body: { code: "PNP9999", message: "this agent is too old" } }
    const { events } = follow([await replica({ refusal })])
    await until(() => events.length > 0, "an attempt")
    expect(events).toEqual([
      {
        kind: "disconnected",
        replica: expect.stringContaining("127.0.0.1:"),
        error: expect.objectContaining({
          code: "incompatible",
          wireCode: "PNP9999",
          message: expect.stringContaining("this agent is too old"),
        }),
        waitMs: expect.toSatisfy((wait: number) => wait >= 30_000),
      },
    ])
  })
})

describe("what kubelet replaces", () => {
  test("a token is read for each stream and report", async () => {
    const controller = await replica({ tokens: ["token", "second"] })
    const { client } = follow([controller])
    const stream = await newest(controller)
    writeFileSync(join(directory, "token"), "second\n")
    await client.report(report(1))
    stream.cut()
    await newest(controller, 2)
    expect(controller.asked.map(({ token }) => token)).toEqual(["token", "second", "second"])
  })

  test("a new CA counts from the next connection on", async () => {
    const next = await testAuthority()
    const controller = await replica()
    follow([controller])
    const stream = await newest(controller)
    controller.setCertificate(await servingPair(next))
    writeFileSync(join(directory, "ca.crt"), `${authority.certificate}\n${next.certificate}`)
    stream.cut()
    expect((await newest(controller, 2)).isOpen).toBe(true)
  })

  test.for(["token", "ca.crt"])("without %s nobody is asked, and it is looked for again", async (name) => {
    const path = join(directory, name)
    const content = readFileSync(path)
    rmSync(path)
    const controller = await replica()
    const { events } = follow([controller])
    await until(() => failures(events).length > 1, "two attempts")
    expect(failures(events)[0]).toBe("no-credentials")
    expect(controller.asked).toEqual([])
    writeFileSync(path, content)
    await newest(controller)
  })
})

describe("an enforcer", () => {
  test("that is out of step gets a whole ruleset", async () => {
    const controller = await replica()
    const { events } = follow([controller])
    const stream = await newest(controller)
    stream.send(ruleset(1), update(5, 6), update(6, 7))
    const again = await newest(controller, 2)
    expect(again.request).toMatchObject({ revision: 1, digest: "" })
    again.send(ruleset(8))
    await until(() => target.calls.at(-1) === "replace 8", "the ruleset")
    expect(events.filter(({ kind }) => kind === "refused")).toHaveLength(2)
    again.cut()
    expect((await newest(controller, 3)).request.digest).toBe("d8")
  })

  test("whose kernel refuses gets a whole ruleset once, and is left to its own tries then", async () => {
    const controller = await replica()
    const { events } = follow([controller])
    const stream = await newest(controller)
    const refused = (): NftError => new NftError({ code: "unknown", text: "no" })
    target.failNext(refused())
    stream.send(ruleset(1))
    const again = await newest(controller, 2)
    expect(again.request.digest).toBe("")
    target.failNext(refused())
    again.send(ruleset(2))
    await until(() => events.filter(({ kind }) => kind === "refused").length === 2, "a second refusal")
    again.send(update(2, 3))
    await until(() => target.calls.at(-1) === "update 2-3", "the same stream goes on")
    expect(again.isOpen).toBe(true)
    expect(controller.streams).toHaveLength(2)
  })

  test("that is busy is not sent more than fits, and nothing is lost", async () => {
    const controller = await replica()
    target.block()
    follow([controller], { silenceMs: 800 })
    const stream = await newest(controller)
    stream.send(ruleset(1))
    const filling = "x".repeat(1024 * 1024)
    for (let i = 1; i < 60; i++) stream.send(update(i, i + 1, filling))
    await until(() => target.calls.length > 10, "some of them")
    // Longer than silence may last: who does not listen hears no silence.
    await setTimeout(1_500)
    expect(target.waiting).toBeLessThanOrEqual(17)
    expect(stream.response.writableLength).toBeGreaterThan(20 * 1024 * 1024)
    expect(stream.isOpen).toBe(true)
    const alive = setInterval(() => stream.send({ kind: "alive" }), 50)
    target.release()
    await until(() => target.calls.length === 60, "all of them")
    clearInterval(alive)
    expect(target.calls.at(-1)).toBe("update 59-60")
    expect(controller.streams).toHaveLength(1)
  })

  test("that is still busy when its stream is lost answers first, so that the next stream knows what it holds", async () => {
    const controller = await replica()
    follow([controller])
    const stream = await newest(controller)
    target.block()
    stream.send(ruleset(4))
    await until(() => target.calls.length === 1, "the ruleset")
    stream.cut()
    await setTimeout(200)
    expect(controller.streams).toHaveLength(1)
    target.release()
    expect((await newest(controller, 2)).request.revision).toBe(4)
  })
})

const report = (revision: number): NodeReport => ({
  protocol: PROTOCOL_VERSION,
  version: "test",
  revision,
  milliseconds: 1,
  error: "",
  isolated: [],
  failedClosed: [],
  problems: [],
  addresses: [],
  observing: false,
})

test("a report goes to the replica that serves the stream", async () => {
  const [first, second] = [await replica(), await replica()]
  const { client } = follow([first, second])
  await newest(first)
  await until(() => client.replica !== undefined, "hello")
  await client.report(report(1))
  await first.close()
  await newest(second)
  await until(() => client.replica?.port === second.port, "hello of the other one")
  await client.report(report(2))
  expect([first, second].map(({ reports }) => reports.map((each) => each.report.revision))).toEqual([
    [1],
    [2],
  ])
})

test("a report that is refused is an error", async () => {
  const controller = await replica()
  const { client } = follow([controller])
  await newest(controller)
  controller.setTokens([])
  await expect(client.report(report(1))).rejects.toMatchObject({ code: "refused", status: 401 })
})

test("an agent that stops ends its stream at once, whatever the enforcer does", async () => {
  const controller = await replica()
  const { client } = follow([controller])
  const stream = await newest(controller)
  target.block()
  stream.send(ruleset(1))
  await until(() => target.calls.length === 1, "the ruleset")
  await client.stop()
  await expect.poll(() => stream.isOpen, { timeout: 30_000 }).toBe(false)
})
