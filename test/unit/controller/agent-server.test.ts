// What the agents' server lets whom have.

import { connect } from "node:tls"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createAuthority } from "../../../src/controller/x509.ts"
import { PROTOCOL_VERSION } from "../../../src/wire/messages.ts"
import { reportOf } from "../../agent/report.ts"
import {
  AHEAD,
  agentUser,
  ask,
  authenticated,
  authority,
  type LoopbackServer,
  lines,
  messagesIn,
  PEER_TOKEN,
  PEERS,
  servingPair,
  startLoopbackServer,
  streamRequest,
  token,
} from "./loopback-server.ts"

let loopback: LoopbackServer
beforeAll(async () => {
  loopback = await startLoopbackServer()
})
afterAll(() => loopback.close())

const known = (name: string, user: object, audiences?: readonly string[]): string => {
  const made = token(name)
  loopback.reviews.set(made, authenticated(user, audiences))
  return made
}
const STREAM = "/v1/nodes/node-a/stream"
const REPORT = "/v1/nodes/node-a/report"

describe("who is let in", () => {
  const username = "system:serviceaccount:postern-system:postern-agent"
  const node = (...names: readonly string[]) => ({ "authentication.kubernetes.io/node-name": names })
  test.for<[string, () => string | undefined, number]>([
    ["an agent of the node gets its stream", () => known("agent-a", agentUser("node-a")), 200],
    ["who shows no token is refused", () => undefined, 401],
    ["a token that the API server does not know is refused", () => token("stranger"), 401],
    ["what is no token is refused", () => "not.a-token", 401],
    ["a token that has ended is refused without asking", () => token("late", -1), 401],
    [
      "another service account is refused",
      () => known("other", { ...agentUser("node-a"), username: `${username}-2` }),
      401,
    ],
    [
      "the same account of another namespace is refused",
      () =>
        known("elsewhere", {
          ...agentUser("node-a"),
          username: "system:serviceaccount:default:postern-agent",
        }),
      401,
    ],
    ["a token for another audience is refused", () => known("api", agentUser("node-a"), ["api"]), 401],
    ["an answer that names no audience is refused", () => known("none", agentUser("node-a"), []), 401],
    ["a token that is bound to no node is refused", () => known("unbound", { username }), 401],
    [
      "a token of two nodes is refused",
      () => known("two", { username, extra: node("node-a", "node-b") }),
      401,
    ],
    ["an agent of another node is forbidden", () => known("agent-b", agentUser("node-b")), 403],
    [
      "an agent of a node that there is not is forbidden, too",
      () => known("agent-z", agentUser("node-z")),
      403,
    ],
  ])("%s", async ([, tokenOf, status]) => {
    const shown = tokenOf()
    const answer = await ask(loopback.port, { path: STREAM, token: shown, body: streamRequest() }, lines(1))
    answer.end()
    expect([answer.status, status !== 200 && answer.body !== ""]).toEqual([status, false])
  })

  test.for<[string, string]>([
    ["POST", STREAM],
    ["POST", REPORT],
    ["POST", "/v1/nodes/nobody/stream"],
    ["GET", "/"],
    ["GET", "/metrics"],
    ["PUT", "/v1/nodes/%zz/stream"],
    ["GET", `/${"x".repeat(500)}`],
  ])("an unauthenticated %s of %s learns what every other does", async ([method, path]) => {
    const answer = await ask(loopback.port, { path, method, body: method === "GET" ? "" : "{}" })
    const { date: _date, connection: _connection, "keep-alive": _keepAlive, ...headers } = answer.headers
    expect([answer.status, answer.body, headers]).toEqual([401, "", { "content-length": "0" }])
  })

  test.for<[string, string, () => string | undefined, number]>([
    ["another replica tells its news", PEERS, () => PEER_TOKEN, 204],
    ["an agent has no news", PEERS, () => known("agent-peer", agentUser("node-a")), 401],
    ["who shows nothing has none", PEERS, () => undefined, 401],
    ["another replica is no agent", REPORT, () => PEER_TOKEN, 401],
    ["an agent has none by a query", `${PEERS}?more`, () => known("agent-peer", agentUser("node-a")), 401],
    ["nor by another spelling", "/v1/replicas/%6eews", () => known("agent-peer", agentUser("node-a")), 401],
    ["another replica may spell it so", "/v1/replicas/%6eews", () => PEER_TOKEN, 204],
    ["a longer path is another path", `${PEERS}/more`, () => PEER_TOKEN, 401],
  ])("%s", async ([, path, tokenOf, status]) => {
    const answer = await ask(loopback.port, { path, token: tokenOf(), body: "{}" })
    expect([answer.status, answer.body]).toEqual([status, ""])
  })

  test("a body that is not an agent's is not read", async () => {
    const before = loopback.api.asked
    const answer = await ask(loopback.port, { path: STREAM, body: " ".repeat(1_000_000) }).catch(
      () => undefined,
    )
    expect(answer?.status ?? 401).toBe(401)
    expect(loopback.api.asked).toBe(before)
  })

  test("the API server is asked once a minute for a token", async () => {
    const shown = known("again", agentUser("node-a"))
    const before = loopback.api.asked
    const report = JSON.stringify(reportOf(1))
    const answers = await Promise.all(
      [1, 2, 3].map(() => ask(loopback.port, { path: REPORT, token: shown, body: report })),
    )
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
    expect(loopback.api.asked - before).toBe(1)
  })

  test("while the API server is away nobody new is let in", async () => {
    loopback.api.isDown = true
    const answer = await ask(loopback.port, { path: REPORT, token: known("new", agentUser("node-a")) })
    loopback.api.isDown = false
    expect([answer.status, answer.body]).toEqual([503, ""])
  })
})

test.for<[string, string, number | "no answer"]>([
  ["a report", REPORT, 500],
  ["a stream", STREAM, "no answer"],
])("a fault of ours ends %s, and is told here and nowhere else", async ([, path, expected]) => {
  const shown = known("fault", agentUser("node-a"))
  const before = loopback.errors.length
  const stop = loopback.distributor.onNodeState(() => {
    throw new Error("a listener is broken")
  })
  const body = path === REPORT ? JSON.stringify(reportOf(1)) : streamRequest()
  const answer = await ask(loopback.port, { path, token: shown, body }).catch(() => undefined)
  stop()
  expect([answer?.status ?? "no answer", answer?.body ?? ""]).toEqual([expected, ""])
  expect(loopback.errors.slice(before)).toEqual([new Error("a listener is broken")])
})

describe("what is understood", () => {
  const foreign = { code: "PNP0401" }
  const hello = (protocol: number) => ({ kind: "hello", protocol })
  test.for<[string, number, number, object]>([
    ["this version", PROTOCOL_VERSION, 200, hello(PROTOCOL_VERSION)],
    // There is none before the first.
    ["no version", 0, 426, foreign],
    ["two versions before", PROTOCOL_VERSION - 2, 426, foreign],
    ["the next version", PROTOCOL_VERSION + 1, 426, foreign],
  ])("an agent of %s", async ([, protocol, status, said]) => {
    const shown = known("versions", agentUser("node-a"))
    const asked = { path: STREAM, token: shown, body: streamRequest({ protocol }) }
    const answer = await ask(loopback.port, asked, lines(1))
    answer.end()
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body.split("\n")[0] ?? "")).toMatchObject(said)
  })

  test.for<[string, string, string, number]>([
    ["a request without a body", STREAM, "", 400],
    ["a request that is no JSON", STREAM, "{", 400],
    ["a request without fields", STREAM, "{}", 400],
    ["a negative revision", STREAM, streamRequest({ revision: -1 }), 400],
    [
      "more connections than an agent may send",
      STREAM,
      streamRequest({ connections: Array(60_000).fill("10.0.0.1") }),
      400,
    ],
    ["a body of more than 4 MiB", STREAM, streamRequest({ version: "x".repeat(4_194_304) }), 413],
    ["a report without fields", REPORT, "{}", 400],
    ["a report", REPORT, JSON.stringify(reportOf(7)), 204],
    [
      "a report of a later build, with a field more",
      REPORT,
      JSON.stringify({ ...reportOf(7), more: 1 }),
      204,
    ],
  ])("%s", async ([, path, body, status]) => {
    const answer = await ask(loopback.port, { path, token: known("bodies", agentUser("node-a")), body })
    expect([answer.status, answer.body.includes(`"code":"PNP0402"`)]).toEqual([status, status >= 400])
  })
})

describe("a stream", () => {
  test("says hello, gives the ruleset, and keeps the report", async () => {
    const shown = known("stream", agentUser("node-b"))
    const path = "/v1/nodes/node-b/stream"
    const answer = await ask(loopback.port, { path, token: shown, body: streamRequest() }, lines(2))
    const [hello, ruleset] = messagesIn(answer.body)
    expect(hello).toEqual({
      kind: "hello",
      protocol: PROTOCOL_VERSION,
      version: "test",
      replicas: ["127.0.0.1:1"],
      self: ["127.0.0.1:1"],
    })
    expect(ruleset).toMatchObject({ kind: "ruleset", revision: 1 })
    const report = JSON.stringify(reportOf(1))
    await ask(loopback.port, { path: "/v1/nodes/node-b/report", token: shown, body: report })
    expect(loopback.distributor.nodes().get("node-b")).toMatchObject({
      connected: true,
      desiredRevision: 1,
      report: { revision: 1 },
    })
    answer.end()
    await expect.poll(() => loopback.distributor.nodes().get("node-b")?.connected).toBe(false)
  })

  test("does not begin at a replica that knows less than the agent, and the one before goes on", async () => {
    const asked = { path: "/v1/nodes/node-b/stream", token: known("ahead", agentUser("node-b")) }
    const before = await ask(loopback.port, { ...asked, body: streamRequest() }, lines(2))
    const answer = await ask(loopback.port, { ...asked, body: streamRequest({ asOf: AHEAD }) }, lines(1))
    expect([answer.status, answer.body]).toEqual([503, ""])
    expect(loopback.distributor.nodes().get("node-b")?.connected).toBe(true)
    before.end()
    await expect.poll(() => loopback.distributor.nodes().get("node-b")?.connected).toBe(false)
  })

  test("ends when the same node begins another", async () => {
    const shown = known("twice", agentUser("node-b"))
    const asked = { path: "/v1/nodes/node-b/stream", token: shown, body: streamRequest() }
    const first = ask(loopback.port, asked)
    await expect.poll(() => loopback.distributor.nodes().get("node-b")?.connected).toBe(true)
    const second = await ask(loopback.port, asked, lines(2))
    expect(messagesIn((await first).body)[0]).toMatchObject({ kind: "hello" })
    expect(loopback.distributor.nodes().get("node-b")?.connected).toBe(true)
    second.end()
  })

  test("ends with its token", async () => {
    // It must be good when it is shown.
    const shown = token("short", 8)
    loopback.reviews.set(shown, authenticated(agentUser("node-b")))
    const asked = { path: "/v1/nodes/node-b/stream", token: shown, body: streamRequest() }
    const { status } = await ask(loopback.port, asked)
    expect(status).toBe(200)
  })
})

test("a new certificate serves new connections, and streams go on", async () => {
  const shown = known("rotation", agentUser("node-a"))
  const asked = { path: STREAM, token: shown, body: streamRequest() }
  let body = ""
  const stream = ask(loopback.port, asked, (text) => {
    body = text
    return false
  })
  await expect.poll(() => body.split("\n").length).toBeGreaterThan(2)
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }
  const next = await createAuthority("postern-ca-2", validity)
  loopback.server.setCertificate(await servingPair(next))
  const connects = (ca: string): Promise<boolean> =>
    new Promise((resolve) => {
      const options = { host: "127.0.0.1", port: loopback.port, ca, servername: "postern-controller" }
      const socket = connect(options, () => resolve(socket.end() !== undefined))
      socket.on("error", () => resolve(false))
    })
  expect([await connects(next.certificate), await connects(authority.certificate)]).toEqual([true, false])
  const before = body
  loopback.distributor.setReplicas(["127.0.0.1:2"])
  await expect.poll(() => body.length).toBeGreaterThan(before.length)
  loopback.server.setCertificate(await servingPair())
  const second = await ask(loopback.port, asked, lines(2))
  second.end()
  await stream
})
