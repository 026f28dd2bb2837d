// A reader that stops reading, over real sockets: the replica holds a bounded part of what it misses, and it gets it all.

import type { IncomingMessage } from "node:http"
import { request } from "node:https"
import { setImmediate } from "node:timers/promises"
import { apply } from "nftables-json/apply"
import { normalize } from "nftables-json/normalize"
import type { Ruleset } from "nftables-json/schema"
import { expect, test } from "vitest"
import type { Change } from "../../../src/compile/snapshot.ts"
import type { ControllerMessage } from "../../../src/wire/messages.ts"
import { networkPolicy, pod } from "../../snapshots.ts"
import {
  agentUser,
  authenticated,
  authority,
  type LoopbackServer,
  startLoopbackServer,
  streamRequest,
  token,
} from "./loopback-server.ts"

/** Each is 40 bytes of an update. */
const BLOCKS = 5_000
/** Of such updates: more than the buffers of two sockets hold. */
const MOST_ROUNDS = 200

function openStream(loopback: LoopbackServer, node: string): Promise<IncomingMessage> {
  const shown = token(node)
  loopback.reviews.set(shown, authenticated(agentUser(node)))
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${shown}`, "content-type": "application/json" }
    const asked = request(
      {
        host: "127.0.0.1",
        port: loopback.port,
        path: `/v1/nodes/${node}/stream`,
        method: "POST",
        ca: authority.certificate,
        servername: "postern-controller",
        agent: false,
        headers,
      },
      resolve,
    )
    asked.on("error", reject)
    asked.end(streamRequest())
  })
}

/** What the messages make of nothing, and their kinds. */
function held(messages: readonly ControllerMessage[]): {
  readonly ruleset: Ruleset
  readonly kinds: readonly string[]
} {
  let ruleset: Ruleset = []
  for (const message of messages) {
    if (message.kind === "ruleset") ruleset = message.ruleset
    if (message.kind === "update")
      ruleset = [message.plan.add, message.plan.flip, message.plan.remove].reduce(apply, ruleset)
  }
  return { ruleset, kinds: messages.map(({ kind }) => kind) }
}

/** A policy whose every version is another set of single addresses. */
function blocks(round: number): Change {
  const from = Array.from({ length: BLOCKS }, (_, i) => ({
    ipBlock: { cidr: `172.${16 + (i >> 8)}.${i & 255}.${round}/32` },
  }))
  return { kind: "policy", op: "set", value: networkPolicy("all", { podSelector: {}, ingress: [{ from }] }) }
}

test("a reader that stops gets no queue, and when it goes on the ruleset of its node", {
  timeout: 300_000,
}, async () => {
  const loopback = await startLoopbackServer()
  try {
    const { distributor, events } = loopback
    distributor.apply([{ kind: "pod", op: "set", value: pod("web", { addresses: ["10.0.1.2"] }) }, blocks(1)])
    const response = await openStream(loopback, "node-a")
    response.pause()
    const isReset = (): boolean => events.some(({ kind }) => kind === "reset")
    for (let round = 2; round < MOST_ROUNDS && !isReset(); round++) {
      distributor.apply([blocks(round)])
      for (let turn = 0; turn < 5; turn++) await setImmediate()
    }
    expect(isReset()).toBe(true)
    distributor.apply([blocks(250)])
    let text = ""
    response.setEncoding("utf8")
    response.on("data", (piece: string) => {
      text += piece
    })
    response.resume()
    const messages = (): readonly ControllerMessage[] =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line): ControllerMessage => JSON.parse(line))
    const isWhole = (): boolean => messages().filter(({ kind }) => kind === "ruleset").length === 2
    await expect.poll(isWhole, { timeout: 60_000 }).toBe(true)
    const { ruleset, kinds } = held(messages())
    expect(kinds.slice(0, 2)).toEqual(["hello", "ruleset"])
    const expected = await openStream(loopback, "node-a")
    let again = ""
    expected.setEncoding("utf8")
    expected.on("data", (piece: string) => {
      again += piece
    })
    await expect.poll(() => again.split("\n").length, { timeout: 60_000 }).toBeGreaterThan(2)
    const fresh: ControllerMessage = JSON.parse(again.split("\n")[1] ?? "")
    expect(normalize(ruleset)).toEqual(normalize(held([fresh]).ruleset))
    expected.destroy()
    response.destroy()
  } finally {
    await loopback.close()
  }
})
