// Between a client and the API server: passes everything on, and breaks what a test asks to be broken.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Readable } from "node:stream"
import { Agent, type Dispatcher } from "undici"
import { type ClusterConfig, loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"

export interface ProxiedRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly kind: "watch" | "watch-list" | "list" | "other"
}

export type Fault =
  /** Answered by the proxy itself. */
  | {
      readonly kind: "refuse"
      readonly status: number
      readonly reason?: string
      readonly retryAfter?: number
    }
  /** The connection breaks after so many lines and half of the next, or in the middle of a body. */
  | { readonly kind: "cut"; readonly lines: number }
  /** Half of a line, and a newline: what follows is whole again. */
  | { readonly kind: "half-line"; readonly lines: number }
  /** Nothing more comes, and the connection stays. */
  | { readonly kind: "stall"; readonly lines: number }
  /** The answer ends as if it were complete. */
  | { readonly kind: "end"; readonly lines: number }
  /** An ERROR event instead of the next line. */
  | { readonly kind: "error"; readonly lines: number; readonly status: number; readonly reason: string }
  /** Every line twice, and all that came before again after every fifth. */
  | { readonly kind: "repeat" }

export interface FaultRule {
  readonly when: (request: ProxiedRequest) => boolean
  readonly fault: Fault
  /** How many requests it meets; 1. */
  readonly times?: number
}

export interface FaultProxy {
  readonly config: ClusterConfig
  readonly requests: readonly ProxiedRequest[]
  /** Meets requests to come; the first rule that fits is taken. */
  inject(rule: FaultRule): void
  /** Watches of a collection that are open. */
  openStreams(path: string): number
  /** Meets the watches of a collection that are open. */
  breakStreams(path: string, fault: Extract<Fault, { readonly lines: number }>): void
  /** How often rules have met a request, and broken streams broken. */
  readonly met: number
  clear(): void
  stop(): Promise<void>
}

interface Rule extends FaultRule {
  left: number
}

interface Stream {
  readonly path: string
  fault: Fault | undefined
  lines: number
  readonly response: ServerResponse
}

/** Speaks plain HTTP to the client and is the kubeconfig's user to the server. */
export async function startFaultProxy(kubeconfig: string): Promise<FaultProxy> {
  const upstream = await loadClusterConfig({ kubeconfig })
  const { tls, headers } = await upstream.credentials(false)
  const agent = new Agent({ allowH2: false, connect: tls, bodyTimeout: 0 })
  const proxy = new Proxying({ agent, origin: upstream.server, headers })
  const server = createServer((request, response) => void proxy.serve(request, response))
  const port = await listen(server)
  return {
    config: {
      server: `http://127.0.0.1:${port}`,
      credentials: async () => ({ headers: {}, tls: {} }),
    },
    requests: proxy.requests,
    inject: (rule) => void proxy.rules.push({ ...rule, left: rule.times ?? 1 }),
    openStreams: (path) => proxy.streamsOf(path).length,
    breakStreams: (path, fault) => proxy.breakStreams(path, fault),
    get met() {
      return proxy.met
    },
    clear: () => {
      proxy.rules.length = 0
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
      await agent.destroy()
    },
  }
}

function listen(server: Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.on("error", reject)
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    resolve(typeof address === "object" && address !== null ? address.port : 0)
  })
  return promise
}

interface Upstream {
  readonly agent: Agent
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
}

class Proxying {
  readonly requests: ProxiedRequest[] = []
  readonly rules: Rule[] = []
  met = 0
  readonly #streams = new Set<Stream>()
  readonly #upstream: Upstream

  constructor(upstream: Upstream) {
    this.#upstream = upstream
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = requestOf(incoming)
    this.requests.push(request)
    const fault = this.#faultFor(request)
    const gone = new AbortController()
    response.on("error", () => undefined)
    response.on("close", () => gone.abort())
    try {
      if (fault?.kind === "refuse") return refuse(response, fault)
      const answer = await this.#forward(incoming, gone.signal)
      // Aborted with the client, also when nobody reads it any more.
      answer.body.on("error", () => undefined)
      response.writeHead(answer.statusCode, { "content-type": "application/json" })
      if (request.query.has("watch"))
        await this.#passLines(answer.body, { path: request.path, fault, lines: 0, response })
      else await this.#passBody(answer.body, response, fault)
    } catch {
      response.destroy()
    }
  }

  streamsOf(path: string): readonly Stream[] {
    return [...this.#streams].filter((stream) => stream.path === path && !stream.response.closed)
  }

  breakStreams(path: string, fault: Extract<Fault, { readonly lines: number }>): void {
    for (const stream of this.streamsOf(path)) {
      stream.fault = fault
      stream.lines = 0
      this.met++
      if (fault.lines === 0) strike(stream, "", fault)
    }
  }

  #faultFor(request: ProxiedRequest): Fault | undefined {
    const rule = this.rules.find(({ when, left }) => left > 0 && when(request))
    if (rule === undefined) return undefined
    rule.left--
    this.met++
    return rule.fault
  }

  async #forward(incoming: IncomingMessage, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { agent, origin, headers } = this.#upstream
    const hasBody = incoming.method !== "GET"
    const type = incoming.headers["content-type"]
    return await agent.request({
      origin,
      path: incoming.url ?? "/",
      method: incoming.method === "GET" ? "GET" : "POST",
      headers: { ...headers, ...(type === undefined ? {} : { "content-type": type }) },
      body: hasBody ? incoming : null,
      signal,
    })
  }

  async #passBody(body: Readable, response: ServerResponse, fault: Fault | undefined): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of body) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
    const whole = Buffer.concat(chunks)
    if (fault === undefined) return void response.end(whole)
    response.write(whole.subarray(0, Math.floor(whole.length / 2)))
    if (fault.kind === "stall") return
    if (fault.kind === "end") response.end()
    else setImmediate(() => response.destroy())
  }

  async #passLines(body: Readable, stream: Stream): Promise<void> {
    this.#streams.add(stream)
    const { response } = stream
    response.flushHeaders()
    const passed: string[] = []
    try {
      for await (const line of linesOf(body)) {
        const { fault } = stream
        if (fault === undefined) {
          response.write(`${line}\n`)
        } else if (fault.kind === "repeat") {
          passed.push(line)
          response.write(`${line}\n${line}\n`)
          if (passed.length % 5 === 0) for (const each of passed) response.write(`${each}\n`)
        } else if (fault.kind !== "refuse" && stream.lines >= fault.lines) {
          strike(stream, line, fault)
          if (fault.kind === "half-line") stream.fault = undefined
          else return
        } else {
          response.write(`${line}\n`)
        }
        stream.lines++
      }
      response.end()
    } finally {
      this.#streams.delete(stream)
    }
  }
}

function strike(
  { response }: Stream,
  line: string,
  fault: Exclude<Fault, { readonly kind: "refuse" | "repeat" }>,
): void {
  switch (fault.kind) {
    case "cut":
      response.write(line.slice(0, line.length / 2))
      setImmediate(() => response.destroy())
      return
    case "half-line":
      response.write(`${line.slice(0, line.length / 2)}\n`)
      return
    case "stall":
      return
    case "end":
      response.end()
      return
    case "error":
      response.end(`${JSON.stringify({ type: "ERROR", object: statusOf(fault.status, fault.reason) })}\n`)
      return
  }
}

async function* linesOf(body: Readable): AsyncGenerator<string, void> {
  let rest = Buffer.alloc(0)
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield rest.toString("utf8", 0, end)
      rest = rest.subarray(end + 1)
    }
  }
}

function refuse(
  response: ServerResponse,
  { status, reason = "", retryAfter }: Extract<Fault, { readonly kind: "refuse" }>,
): void {
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(statusOf(status, reason)))
}

function statusOf(code: number, reason: string): unknown {
  const message = `injected: ${code} ${reason}`
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code }
}

function requestOf({ method = "GET", url = "/" }: IncomingMessage): ProxiedRequest {
  const { pathname, searchParams } = new URL(url, "http://proxy")
  const isWatch = searchParams.has("watch")
  const initial = searchParams.has("sendInitialEvents")
  const kind = isWatch ? (initial ? "watch-list" : "watch") : searchParams.has("limit") ? "list" : "other"
  return { method, path: pathname, query: searchParams, kind }
}
