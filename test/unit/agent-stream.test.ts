// What an agent makes of what a controller sends.

import { setTimeout } from "node:timers/promises"
import { NftError } from "nftables-json/errors"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { PROTOCOL_VERSION } from "../../src/wire/messages.ts"
import type { FakeStream } from "../agent/fake-controller.ts"
import {
  createStreamLab,
  failures,
  newest,
  ruleset,
  type StreamLab,
  until,
  update,
} from "../agent/stream-lab.ts"

let lab: StreamLab

beforeEach(async () => {
  lab = await createStreamLab()
})

afterEach(() => lab.close())

describe("a stream", () => {
  test("begins with what the agent holds, and its connections", async () => {
    lab.target.hold(7, "digest")
    const controller = await lab.replica()
    lab.follow([controller])
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
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    const stream = await newest(controller)
    stream.send(ruleset(1), update(1, 2), { kind: "alive" }, update(2, 3), ruleset(9), update(9, 10))
    await until(() => lab.target.calls.length === 5, "five messages")
    expect(lab.target.calls).toEqual(["replace 1", "update 1-2", "update 2-3", "replace 9", "update 9-10"])
    await until(() => events.filter(({ kind }) => kind === "in-force").length === 5, "five in force")
  })

  test("may say in its middle that nothing has changed: of the number that it has led to, and no other", async () => {
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    const stream = await newest(controller)
    const unchanged = (revision: number) => ({ kind: "unchanged", revision, asOf: `u${revision}` }) as const
    lab.target.block()
    stream.send(ruleset(1), update(1, 2), unchanged(2))
    await until(() => lab.target.calls.length === 3, "three messages")
    lab.target.release()
    await until(() => lab.target.held().asOf === "u2", "the third one")
    expect(lab.target.calls).toEqual(["replace 1", "update 1-2", "update 2-2"])
    const told = () => events.flatMap((event) => (event.kind === "in-force" ? [event.message] : []))
    await expect.poll(told, { timeout: 30_000 }).toEqual(["ruleset", "update", "unchanged"])
    stream.send(unchanged(7))
    const again = await newest(controller, 2)
    expect(again.request).toMatchObject({ revision: 2, digest: "" })
    again.send(unchanged(3))
    await until(() => lab.target.calls.at(-1) === "unchanged 3", "another number, at the beginning")
  })

  test("is not a matter of pieces: a message comes byte by byte, the next ones in one", async () => {
    const controller = await lab.replica()
    lab.follow([controller])
    const stream = await newest(controller)
    const first = JSON.stringify({ ...ruleset(1), asOf: "é€😀" })
    for (const byte of Buffer.from(`${first}\n`)) {
      stream.response.write(Buffer.from([byte]))
      if (byte > 127) await setTimeout(1)
    }
    stream.write([update(1, 2), update(2, 3)].map((each) => `${JSON.stringify(each)}\n`).join(""))
    await until(() => lab.target.calls.length === 3, "three messages")
    expect(lab.target.calls).toEqual(["replace 1", "update 1-2", "update 2-3"])
    expect(lab.target.held().asOf).toBe("t3")
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
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    spoil(await newest(controller))
    const stream = await newest(controller, 2)
    expect(failures(events)).toEqual([code])
    expect(lab.target.calls).toEqual([])
    stream.send(ruleset(1))
    await until(() => lab.target.calls.length === 1, "the next stream is followed")
  })

  test("that does not begin with hello is not followed", async () => {
    const controller = await lab.replica({ greeting: [ruleset(1)] })
    const { events } = lab.follow([controller])
    await until(() => failures(events).length > 0, "an end")
    expect(failures(events)[0]).toBe("malformed")
    expect(lab.target.calls).toEqual([])
  })

  test("with a line of 65 MB is given up, and its memory", async () => {
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    const stream = await newest(controller)
    const piece = "x".repeat(1024 * 1024)
    for (let i = 0; i < 65 && stream.isOpen; i++) {
      if (!stream.response.write(piece)) await setTimeout(1)
    }
    await until(() => failures(events).length > 0, "an end")
    expect(failures(events)[0]).toBe("malformed")
  })
})

describe("an enforcer", () => {
  test("that is out of step gets a whole ruleset", async () => {
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    const stream = await newest(controller)
    stream.send(ruleset(1), update(5, 6), update(6, 7))
    const again = await newest(controller, 2)
    expect(again.request).toMatchObject({ revision: 1, digest: "" })
    again.send(ruleset(8))
    await until(() => lab.target.calls.at(-1) === "replace 8", "the ruleset")
    expect(events.filter(({ kind }) => kind === "refused")).toHaveLength(2)
    again.cut()
    expect((await newest(controller, 3)).request.digest).toBe("d8")
  })

  test("whose kernel refuses gets a whole ruleset once, and is left to its own tries then", async () => {
    const controller = await lab.replica()
    const { events } = lab.follow([controller])
    const stream = await newest(controller)
    const refused = (): NftError => new NftError({ code: "unknown", text: "no" })
    lab.target.failNext(refused())
    stream.send(ruleset(1))
    const again = await newest(controller, 2)
    expect(again.request.digest).toBe("")
    lab.target.failNext(refused())
    again.send(ruleset(2))
    await until(() => events.filter(({ kind }) => kind === "refused").length === 2, "a second refusal")
    again.send(update(2, 3))
    await until(() => lab.target.calls.at(-1) === "update 2-3", "the same stream goes on")
    expect(again.isOpen).toBe(true)
    expect(controller.streams).toHaveLength(2)
  })

  test("that is busy is not sent more than fits, and nothing is lost", async () => {
    const controller = await lab.replica()
    lab.target.block()
    lab.follow([controller], { silenceMs: 3_000 })
    const stream = await newest(controller)
    stream.send(ruleset(1))
    const filling = "x".repeat(1024 * 1024)
    for (let i = 1; i < 60; i++) stream.send(update(i, i + 1, filling))
    await until(() => lab.target.calls.length > 10, "some of them")
    // Longer than silence may last: who does not listen hears no silence.
    await setTimeout(4_500)
    expect(lab.target.waiting).toBeLessThanOrEqual(17)
    expect(stream.response.writableLength).toBeGreaterThan(20 * 1024 * 1024)
    expect(stream.isOpen).toBe(true)
    const alive = setInterval(() => stream.send({ kind: "alive" }), 50)
    lab.target.release()
    await until(() => lab.target.calls.length === 60, "all of them")
    clearInterval(alive)
    expect(lab.target.calls.at(-1)).toBe("update 59-60")
    expect(controller.streams).toHaveLength(1)
  })

  test("that is still busy when its stream is lost answers first, so that the next stream knows what it holds", async () => {
    const controller = await lab.replica()
    lab.follow([controller])
    const stream = await newest(controller)
    lab.target.block()
    stream.send(ruleset(4))
    await until(() => lab.target.calls.length === 1, "the ruleset")
    stream.cut()
    await setTimeout(200)
    expect(controller.streams).toHaveLength(1)
    lab.target.release()
    expect((await newest(controller, 2)).request.revision).toBe(4)
  })
})
