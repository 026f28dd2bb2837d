// A controller replica as an agent sees it: HTTPS on loopback, streams that a test writes line by line, reports that it
// reads. What a real one does by itself (programs, numbers, alive) the test does.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Socket } from "node:net"
import { createAuthority, issueCertificate, type KeyPair } from "../../src/controller/x509.ts"
import {
  type ControllerMessage,
  type NodeReport,
  PROTOCOL_VERSION,
  type StreamRequest,
} from "../../src/wire/messages.ts"

export interface FakeControllerOptions {
  readonly authority: KeyPair
  /** In the certificate; postern-controller by default. */
  readonly name?: string
  /** Its certificate was good until a second ago. */
  readonly hasEnded?: boolean
  /** The node that each proves; { token: "node-1" } by default. */
  readonly tokens?: Tokens
  /** Answered instead of a stream. */
  readonly refusal?: { readonly status: number; readonly body: unknown }
  /** Sent at once on every stream; hello of this version by default. */
  readonly greeting?: readonly ControllerMessage[]
  /** Called for each stream, after the greeting. */
  readonly onStream?: (stream: FakeStream) => void
  /** 0: any. */
  readonly port?: number
  /** Instead of a port of loopback: a unix socket, for agents behind a relay. */
  readonly socketPath?: string
}

export type Tokens = Readonly<Record<string, string>>

export interface FakeController {
  readonly address: string
  readonly port: number
  /** Every stream so far, the newest last. */
  readonly streams: FakeStream[]
  readonly reports: { readonly node: string; readonly token: string; readonly report: NodeReport }[]
  /** Paths and tokens of everything that was asked. */
  readonly asked: { readonly path: string; readonly token: string }[]
  setTokens(tokens: Tokens): void
  setCertificate(pair: KeyPair): void
  /** Every connection is reset and no new one taken. */
  close(): Promise<void>
}

export interface FakeStream {
  readonly node: string
  readonly request: StreamRequest
  readonly response: ServerResponse
  /** The agent is still there. */
  isOpen: boolean
  send(...messages: readonly ControllerMessage[]): void
  /** As it is, line ends included. */
  write(text: string): void
  /** Resets the connection. */
  cut(): void
}

export function testAuthority(): Promise<KeyPair> {
  return createAuthority("postern test", validity())
}

export function servingPair(
  authority: KeyPair,
  name = "postern-controller",
  hasEnded = false,
): Promise<KeyPair> {
  const until = validity(hasEnded ? -1_000 : undefined)
  return issueCertificate(authority, { commonName: name, names: [name], usages: ["server"], ...until })
}

function validity(lifeMs = 86_400_000) {
  const now = Date.now()
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + lifeMs) }
}

export function hello(
  replicas: readonly string[] = [],
  protocol: number = PROTOCOL_VERSION,
): ControllerMessage {
  return { kind: "hello", protocol, version: "test", replicas }
}

export async function startFakeController(options: FakeControllerOptions): Promise<FakeController> {
  const { greeting = [hello()], socketPath } = options
  const { certificate, key } = await servingPair(options.authority, options.name, options.hasEnded)
  const streams: FakeStream[] = []
  const reports: FakeController["reports"] = []
  const asked: FakeController["asked"] = []
  const sockets = new Set<Socket>()
  let tokens = options.tokens ?? { token: "node-1" }
  const server = createTlsServer({ cert: certificate, key, minVersion: "TLSv1.3" }, (request, response) => {
    void answer(request, response)
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "")
    asked.push({ path: request.url ?? "", token })
    const body: unknown = JSON.parse(await textOf(request))
    const [, node = "", what = ""] = /^\/v1\/nodes\/([^/]+)\/(stream|report)$/.exec(request.url ?? "") ?? []
    const proven = tokens[token]
    if (proven !== node) return void response.writeHead(proven === undefined ? 401 : 403).end()
    if (what === "report" && isReport(body)) {
      reports.push({ node, token, report: body })
      return void response.writeHead(204).end()
    }
    if (what !== "stream" || !isStreamRequest(body)) return void response.writeHead(404).end()
    if (options.refusal !== undefined)
      return void response.writeHead(options.refusal.status).end(JSON.stringify(options.refusal.body))
    if (body.protocol !== PROTOCOL_VERSION)
      return void response
        .writeHead(426)
        .end(JSON.stringify({ code: "PNP0000", message: "another protocol" }))
    // One stream a node.
    for (const older of streams) if (older.node === node) older.response.end()
    const stream = openStream({ node, request: body, response })
    streams.push(stream)
    stream.send(...greeting)
    options.onStream?.(stream)
  }
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  const place =
    socketPath === undefined ? { host: "127.0.0.1", port: options.port ?? 0 } : { path: socketPath }
  await new Promise<void>((resolve) => server.listen(place, resolve))
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : 0
  return {
    address: `127.0.0.1:${port}`,
    port,
    streams,
    reports,
    asked,
    setTokens: (next) => {
      tokens = next
    },
    setCertificate: (pair) =>
      server.setSecureContext({ cert: pair.certificate, key: pair.key, minVersion: "TLSv1.3" }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) {
        if (socketPath === undefined) socket.resetAndDestroy()
        else socket.destroy()
      }
      await closed
    },
  }
}

function openStream({
  node,
  request,
  response,
}: Pick<FakeStream, "node" | "request" | "response">): FakeStream {
  response.writeHead(200, { "content-type": "application/x-ndjson" })
  const stream: FakeStream = {
    node,
    request,
    response,
    isOpen: true,
    send: (...messages) => {
      for (const message of messages) response.write(`${JSON.stringify(message)}\n`)
    },
    write: (text) => void response.write(text),
    cut: () => response.destroy(),
  }
  response.on("close", () => {
    stream.isOpen = false
  })
  return stream
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  const pieces: AsyncIterable<Buffer> = request
  for await (const piece of pieces) parts.push(piece)
  return Buffer.concat(parts).toString("utf8")
}

function isStreamRequest(body: unknown): body is StreamRequest {
  return typeof body === "object" && body !== null && "revision" in body && "digest" in body
}

function isReport(body: unknown): body is NodeReport {
  return typeof body === "object" && body !== null && "milliseconds" in body && "observing" in body
}

/** A port of loopback on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof bound === "object" && bound !== null ? bound.port : 0
}
