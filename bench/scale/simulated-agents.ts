// A process that behaves as the agents of many nodes: a TLS stream for each, an acknowledgement for each message, no kernel.
//
// Told by its parent: open (all streams), cut (all streams, which come again) and watch; tells when all streams have their
// first message, and, for each watch, when updates came (nanoseconds of the monotonic clock).

import { Agent, request } from "node:https"
import type { Socket } from "node:net"

interface Open {
  readonly kind: "open"
  readonly nodes: readonly string[]
  readonly port: number
  readonly ca: string
}
/** What comes from now on is told when nothing has come for a while. */
interface Watch {
  readonly kind: "watch"
}
interface Cut {
  readonly kind: "cut"
}

interface Simulated {
  readonly node: string
  revision: number
  digest: string
  asOf: string
}

const agents = new Map<string, Simulated>()
const sockets = new Set<Socket>()
let target: Open | undefined
let kept: Agent | undefined
let bytes = 0
let firsts = 0
/** Tried again as an agent does, a little later. */
let refused = 0
let kinds = { ruleset: 0, unchanged: 0 }
let arrivals: bigint[] = []

const QUIET_NS = 300_000_000n
const LONGEST_NS = 5_000_000_000n

process.on("message", (message: Open | Watch | Cut) => {
  switch (message.kind) {
    case "open":
      target = message
      kept = new Agent({ keepAlive: true, maxSockets: 100, ca: message.ca })
      for (const node of message.nodes) agents.set(node, { node, revision: 0, digest: "", asOf: "" })
      return connectAll()
    case "watch":
      arrivals = []
      return tellWhenQuiet(process.hrtime.bigint())
    case "cut":
      for (const socket of sockets) socket.destroy()
      return connectAll()
  }
})
process.on("disconnect", () => process.exit())

function connectAll(): void {
  firsts = 0
  refused = 0
  bytes = 0
  kinds = { ruleset: 0, unchanged: 0 }
  for (const agent of agents.values()) connect(agent)
}

function connect(agent: Simulated): void {
  if (target === undefined) return
  const { node, revision, digest, asOf } = agent
  const body = JSON.stringify({ protocol: 1, version: "bench", revision, digest, asOf, connections: [] })
  const path = `/v1/nodes/${node}/stream`
  const sent = request(options(path, node, false), (response) => {
    if (response.statusCode !== 200) {
      response.resume()
      refused++
      return void setTimeout(() => connect(agent), 200 + 800 * Math.random())
    }
    sockets.add(response.socket)
    response.on("close", () => sockets.delete(response.socket))
    let rest = ""
    response.setEncoding("utf8")
    response.on("data", (chunk: string) => {
      bytes += chunk.length
      const lines = (rest + chunk).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) take(agent, line)
    })
    response.on("error", () => undefined)
  })
  // A stream that is cut is opened again by whoever cut it.
  sent.on("error", () => undefined)
  sent.end(body)
}

function options(path: string, node: string, isKept: boolean) {
  return {
    host: "127.0.0.1",
    port: target?.port,
    path,
    method: "POST",
    servername: "postern-controller",
    ca: target?.ca,
    headers: { authorization: `Bearer ${tokenOf(node)}`, "content-type": "application/json" },
    ...(isKept && kept !== undefined ? { agent: kept } : { agent: new Agent({ keepAlive: false }) }),
  }
}

/** As a projected token looks: a JWT with an end. What is behind ~ is the node, for the recorded API server. */
function tokenOf(node: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600 })}.~${node}`
}

/** Only the head of a line is read: what an agent does with the rest is measured elsewhere. */
function take(agent: Simulated, line: string): void {
  const now = process.hrtime.bigint()
  const kind = /^\{"kind":"(\w+)"/.exec(line)?.[1] ?? ""
  if (kind !== "ruleset" && kind !== "unchanged" && kind !== "update") return
  agent.revision = Number(/"revision":(\d+)/.exec(line)?.[1] ?? agent.revision)
  agent.asOf = /"asOf":"([^"]*)"/.exec(line)?.[1] ?? agent.asOf
  if (kind === "ruleset") agent.digest = /"digest":"([^"]*)"/.exec(line)?.[1] ?? ""
  report(agent)
  if (kind === "update") return void arrivals.push(now)
  kinds[kind]++
  firsts++
  if (firsts === agents.size) process.send?.({ kind: "opened", at: String(now), bytes, kinds, refused })
}

function tellWhenQuiet(since: bigint): void {
  const now = process.hrtime.bigint()
  const last = arrivals.at(-1)
  const isQuiet = last === undefined ? now - since > LONGEST_NS : now - last > QUIET_NS
  if (isQuiet) process.send?.({ kind: "arrived", at: arrivals.map(String) })
  else setTimeout(() => tellWhenQuiet(since), 20)
}

function report({ node, revision }: Simulated): void {
  const body = {
    protocol: 1,
    version: "bench",
    revision,
    milliseconds: 1,
    error: "",
    isolated: [],
    failedClosed: [],
    problems: [],
    addresses: [],
    observing: false,
  }
  const sent = request(options(`/v1/nodes/${node}/report`, node, true), (response) => void response.resume())
  sent.on("error", () => undefined)
  sent.end(JSON.stringify(body))
}
