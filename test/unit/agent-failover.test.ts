// Which replica an agent follows, and what it shows and trusts.

import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type ControllerMessage, PROTOCOL_VERSION } from "../../src/wire/messages.ts"
import {
  deadPort,
  type FakeControllerOptions,
  hello,
  servingPair,
  testAuthority,
} from "../agent/fake-controller.ts"
import { reportOf } from "../agent/report.ts"
import {
  createStreamLab,
  failures,
  newest,
  ruleset,
  type StreamLab,
  until,
  update,
  words,
} from "../agent/stream-lab.ts"

let lab: StreamLab

beforeEach(async () => {
  lab = await createStreamLab()
})

afterEach(() => lab.close())

describe("another replica", () => {
  test("serves when the first one dies, and what is in force is not touched", async () => {
    const [first, second] = [await lab.replica(), await lab.replica()]
    const { client } = lab.follow([first, second])
    ;(await newest(first)).send(ruleset(1), update(1, 2))
    await until(() => lab.target.calls.length === 2, "two messages")
    await first.close()
    const stream = await newest(second)
    expect(stream.request).toMatchObject({ revision: 2, digest: "d2", asOf: "t2" })
    stream.send({ kind: "unchanged", revision: 2, asOf: "t2b" }, update(2, 3))
    await until(() => lab.target.calls.length === 4, "the update")
    expect(lab.target.calls.slice(2)).toEqual(["unchanged 2", "update 2-3"])
    expect(client.replica).toEqual({ host: "127.0.0.1", port: second.port })
  })

  test("is learned from the first one, and remembered for an agent that starts later", async () => {
    const learned = await lab.replica()
    const first = await lab.replica({
      greeting: [hello([learned.address, "not an address", "name.example:1"])],
    })
    const { client } = lab.follow([first])
    ;(await newest(first)).send(ruleset(1))
    await until(() => lab.target.calls.length === 1, "the program")
    await first.close()
    await newest(learned)
    await expect.poll(() => lab.replicas(), { timeout: 30_000 }).toEqual([learned.address])
    await client.stop()
    lab.follow([{ port: await deadPort() }])
    await newest(learned, 2)
  })

  test("is learned while the stream lives, and forgotten when it is gone", async () => {
    const first = await lab.replica()
    lab.follow([first])
    ;(await newest(first)).send(
      { kind: "replicas", replicas: ["127.0.0.9:9", first.address] },
      { kind: "replicas", replicas: ["127.0.0.8:8", first.address] },
    )
    await expect.poll(() => lab.replicas(), { timeout: 30_000 }).toEqual(["127.0.0.8:8"])
  })

  test("is tried where one says nothing", async () => {
    const [first, second] = [await lab.replica(), await lab.replica()]
    const { events } = lab.follow([first, second], { silenceMs: 200 })
    await newest(first)
    await newest(second)
    expect(failures(events)[0]).toBe("silent")
  })

  test.for<[string, Partial<FakeControllerOptions>, string, RegExp]>([
    [
      "speaks another protocol",
      { greeting: [hello([], PROTOCOL_VERSION + 1), ruleset(1)] },
      "incompatible",
      /protocol/,
    ],
    [
      "says that the protocols do not fit",
      { refusal: { status: 426, body: { code: "PNP0401", message: "upgrade" } } },
      "incompatible",
      /426 PNP0401: upgrade$/,
    ],
    [
      "has no use for the agent",
      { refusal: { status: 503, body: undefined } },
      "refused",
      /503: it cannot serve/,
    ],
    [
      "knows no such token",
      { tokens: { another: "node-1" } },
      "refused",
      /401: the token is refused: it has/,
    ],
    [
      "takes it for another node",
      { tokens: { token: "node-2" } },
      "refused",
      /403: the token is another node's/,
    ],
    ["has a certificate for another name", { name: "elsewhere" }, "unreachable", /not match/],
    [
      "has a certificate that has ended",
      { hasEnded: true },
      "unreachable",
      /expired: is this node's clock right/,
    ],
  ])("is tried where one %s", async ([, options, code, text]) => {
    const [first, second] = [await lab.replica(options), await lab.replica()]
    const { events } = lab.follow([first, second])
    await newest(second)
    expect(failures(events)).toEqual([code])
    expect(words(events)[0]).toMatch(text)
    expect(lab.target.calls).toEqual([])
  })

  test("that another CA vouches for is told nothing, not even a token", async () => {
    const impostor = await lab.replica({ authority: await testAuthority() })
    const { events } = lab.follow([impostor])
    await until(() => failures(events).length > 1, "two attempts")
    expect(failures(events)[0]).toBe("unreachable")
    expect(words(events)[0]).toMatch(/no certificate of --ca has signed it/)
    expect(impostor.asked).toEqual([])
  })

  test("of no protocol that fits is asked seldom, and its words are told", async () => {
    const refusal = { status: 426, body: { code: "PNP0401", message: "this agent is too old" } }
    const { events } = lab.follow([await lab.replica({ refusal })])
    await until(() => events.length > 0, "an attempt")
    expect(events).toEqual([
      {
        kind: "disconnected",
        replica: expect.stringContaining("127.0.0.1:"),
        error: expect.objectContaining({
          code: "incompatible",
          wireCode: "PNP0401",
          message: expect.stringContaining("this agent is too old"),
        }),
        waitMs: expect.toSatisfy((wait: number) => wait >= 30_000),
      },
    ])
  })
})

describe("what kubelet replaces", () => {
  test("a token is read for each stream and report", async () => {
    const controller = await lab.replica({ tokens: { token: "node-1", second: "node-1" } })
    const { client } = lab.follow([controller])
    const stream = await newest(controller)
    writeFileSync(join(lab.directory, "token"), "second\n")
    await client.report(reportOf(1))
    stream.cut()
    await newest(controller, 2)
    expect(controller.asked.map(({ token }) => token)).toEqual(["token", "second", "second"])
  })

  test("a new CA counts from the next connection on", async () => {
    const next = await testAuthority()
    const controller = await lab.replica()
    lab.follow([controller])
    const stream = await newest(controller)
    controller.setCertificate(await servingPair(next))
    writeFileSync(join(lab.directory, "ca.crt"), `${lab.authority.certificate}\n${next.certificate}`)
    stream.cut()
    expect((await newest(controller, 2)).isOpen).toBe(true)
  })

  test.for(["token", "ca.crt"])("without %s nobody is asked, and it is looked for again", async (name) => {
    const path = join(lab.directory, name)
    const content = readFileSync(path)
    rmSync(path)
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    await until(() => failures(events).length > 1, "two attempts")
    expect(failures(events)[0]).toBe("no-credentials")
    expect(controller.asked).toEqual([])
    writeFileSync(path, content)
    await newest(controller)
  })
})

test("a report goes to the replica that serves the stream", async () => {
  const [first, second] = [await lab.replica(), await lab.replica()]
  const { client } = lab.follow([first, second])
  await newest(first)
  await until(() => client.replica !== undefined, "hello")
  await client.report(reportOf(1))
  await first.close()
  await newest(second)
  await until(() => client.replica?.port === second.port, "hello of the other one")
  await client.report(reportOf(2))
  expect([first, second].map(({ reports }) => reports.map((each) => each.report.revision))).toEqual([
    [1],
    [2],
  ])
})

test("a report goes to the replica's own address, which need not be the one that was dialled, while it can be reached", async () => {
  const own = await lab.replica()
  const dead = `127.0.0.1:${await deadPort()}`
  const greeting = (self: string): readonly ControllerMessage[] => [
    { kind: "hello", protocol: PROTOCOL_VERSION, version: "test", replicas: [], self: ["[::1]:1", self] },
  ]
  const service = await lab.replica({ greeting: greeting(own.address) })
  const { client } = lab.follow([service])
  await newest(service)
  await until(() => client.replica !== undefined, "hello")
  await client.report(reportOf(1))
  const other = await lab.replica({ greeting: greeting(dead) })
  const second = lab.follow([other])
  await newest(other)
  await until(() => second.client.replica !== undefined, "hello")
  await second.client.report(reportOf(2))
  const revisions = [service, own, other].map(({ reports }) => reports.map((each) => each.report.revision))
  expect(revisions).toEqual([[], [1], [2]])
})

test("a report that is refused is an error", async () => {
  const controller = await lab.replica()
  const { client } = lab.follow([controller])
  await newest(controller)
  controller.setTokens({})
  await expect(client.report(reportOf(1))).rejects.toMatchObject({ code: "refused", status: 401 })
})

test("an agent that stops ends its stream at once, whatever the enforcer does", async () => {
  const controller = await lab.replica()
  const { client } = lab.follow([controller])
  const stream = await newest(controller)
  lab.target.block()
  stream.send(ruleset(1))
  await until(() => lab.target.calls.length === 1, "the ruleset")
  await client.stop()
  await expect.poll(() => stream.isOpen, { timeout: 30_000 }).toBe(false)
})
