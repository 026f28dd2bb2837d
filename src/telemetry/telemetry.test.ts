// Log lines, metric texts and the three paths that others read.

import { once } from "node:events"
import { connect } from "node:net"
import { afterEach, describe, expect, test } from "vitest"
import { lastWords } from "./fault.ts"
import { type HealthChecks, readListenAddress, startHealthServer } from "./health.ts"
import { createLog } from "./log.ts"
import { createMetrics } from "./metrics.ts"

test("a log line is one JSON object with time, level, name, fields and the stack and cause of an error", () => {
  const lines: string[] = []
  const log = createLog({ level: "info", name: "agent", stream: { write: (text) => void lines.push(text) } })
  log.debug({}, "not written")
  log.child({ node: "a" }).error({ err: new Error("outer", { cause: new Error("inner") }) }, "line\nbreak")
  expect(lines).toHaveLength(1)
  expect(lines[0]?.match(/\n/g)).toHaveLength(1)
  const line: unknown = JSON.parse(lines[0] ?? "")
  expect(line).toMatchObject({ level: "error", name: "agent", node: "a", msg: "line\nbreak" })
  expect(line).toMatchObject({ err: { message: expect.stringContaining("inner") } })
  expect(line).toHaveProperty("time", expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/))
})

describe("an error in the log", () => {
  const coded = Object.assign(new Error("connect refused", { cause: new Error("inner") }), {
    code: "UNREACHABLE",
  })
  const rows = [
    { name: "of the surroundings is told without a stack", error: coded, hasStack: false },
    { name: "that nobody gave a code has a stack", error: new TypeError("x is undefined"), hasStack: true },
    {
      name: "of a wrong call of Node has a stack",
      error: Object.assign(new TypeError("bad argument"), { code: "ERR_INVALID_ARG_TYPE" }),
      hasStack: true,
    },
  ]
  test.each(rows)("$name", ({ error, hasStack }) => {
    const lines: string[] = []
    const stream = { write: (text: string) => void lines.push(text) }
    createLog({ level: "info", name: "agent", stream }).warn({ err: error }, "failed")
    const line: unknown = JSON.parse(lines.join(""))
    expect(line).toMatchObject({ err: { message: expect.stringContaining(error.message) } })
    expect(lines.join("").includes("telemetry.test.ts")).toBe(hasStack)
    expect(lastWords(error).includes("telemetry.test.ts")).toBe(hasStack)
  })
})

test("metrics are read as Prometheus text, with what is asked on reading", async () => {
  const metrics = createMetrics()
  const requests = metrics.counter({ name: "x_requests_total", help: "Requests.", labels: ["code"] })
  const level = metrics.gauge({ name: "x_level", help: "Level." })
  const seconds = metrics.histogram({ name: "x_seconds", help: "Seconds.", buckets: [0.1, 1] })
  requests.add(2, { code: "200" })
  seconds.observe(0.5)
  metrics.onRead(() => level.set(7))
  const text = await metrics.text()
  for (const line of [
    'x_requests_total{code="200"} 2',
    "x_level 7",
    'x_seconds_bucket{le="0.1"} 0',
    'x_seconds_bucket{le="1"} 1',
    "x_seconds_count 1",
  ])
    expect(text.split("\n")).toContain(line)
  expect(text).toContain("process_cpu_seconds_total")
})

test("a counter of something else follows it, also where that begins anew", async () => {
  const metrics = createMetrics()
  const packets = metrics.counter({ name: "p_total", help: "Packets.", labels: ["chain"] })
  for (const total of [5, 9, 9, 2]) packets.reached(total, { chain: "a" })
  expect(await metrics.text()).toContain('p_total{chain="a"} 11\n')
  packets.remove({ chain: "a" })
  expect(await metrics.text()).not.toContain('chain="a"')
})

test("series that are not there any more are not told", async () => {
  const metrics = createMetrics()
  const gauge = metrics.gauge({ name: "g", help: "G.", labels: ["code"] })
  gauge.replace([
    [1, { code: "a" }],
    [2, { code: "b" }],
  ])
  gauge.replace([[3, { code: "b" }]])
  const text = await metrics.text()
  expect(text).toContain('g{code="b"} 3\n')
  expect(text).not.toContain('code="a"')
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(checks: Partial<HealthChecks>): Promise<string> {
  const server = await startHealthServer({
    address: "127.0.0.1:0",
    metrics: createMetrics(),
    checks: { health: () => "", readiness: () => "", ...checks },
  })
  closing.push(() => server.close())
  return `http://127.0.0.1:${server.port}`
}

test.for<[string, string, Partial<HealthChecks>, number, string]>([
  ["well", "/healthz", {}, 200, "ok"],
  ["well, asked with a query", "/healthz?verbose=1", {}, 200, "ok"],
  ["not well", "/healthz", { health: () => "nft hangs" }, 503, "nft hangs"],
  ["not ready, but well", "/healthz", { readiness: () => "no program" }, 200, "ok"],
  ["not ready", "/readyz", { readiness: async () => "no program" }, 503, "no program"],
  ["a check that throws", "/readyz", { readiness: () => Promise.reject(new Error("broken")) }, 500, "broken"],
  ["metrics", "/metrics", {}, 200, "process_start_time_seconds"],
  ["another path", "/", {}, 404, "/healthz"],
])("%s", async ([, path, checks, status, text]) => {
  const response = await fetch(`${await serve(checks)}${path}`)
  expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(text)])
})

test("an address in use is an error, not a crash", async () => {
  const url = new URL(await serve({}))
  const options = {
    address: url.host,
    metrics: createMetrics(),
    checks: { health: () => "", readiness: () => "" },
  }
  await expect(startHealthServer(options)).rejects.toThrow(
    /another process of this host listens there.*EADDRINUSE/,
  )
})

test.for<[string, { readonly host: string; readonly port: number }]>([
  ["127.0.0.1:9100", { host: "127.0.0.1", port: 9100 }],
  ["[::1]:9100", { host: "::1", port: 9100 }],
  [":9100", { host: "", port: 9100 }],
])("listen address %s", ([address, expected]) => {
  expect(readListenAddress(address)).toEqual(expected)
})

test.for(["9100", "::1:9100", "a:70000", ""])("no listen address: %s", (address) => {
  expect(() => readListenAddress(address)).toThrow(RangeError)
})

test("who holds connections and asks nothing keeps nobody out, and holds no more than a few", async () => {
  const url = await serve({})
  const idle = Array.from({ length: 100 }, () => connect(Number(new URL(url).port), "127.0.0.1"))
  let open = idle.length
  for (const socket of idle) {
    socket.on("error", () => undefined)
    socket.on("close", () => open--)
    socket.resume()
  }
  await Promise.all(idle.map((socket) => once(socket, "connect")))
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  await expect.poll(() => open).toBeLessThan(64)
  for (const socket of idle) socket.destroy()
})
