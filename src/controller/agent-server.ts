// The agents' side of the controller: HTTPS, a token for every request, everything within bounds.
//
// Who has no token learns that there is a server: 401 without a word, whatever was asked for. Who has one learns of its
// own node.

import type { IncomingMessage } from "node:http"
import type { Server } from "node:https"
import { type FastifyReply, type FastifyRequest, fastify, type RouteGenericInterface } from "fastify"
import { fieldOf } from "../api/conforms.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import { listenError } from "../telemetry/listen-error.ts"
import { type HelloMessage, PROTOCOL_VERSION, type WireError } from "../wire/messages.ts"
import type { AgentIdentity, Authenticator } from "./authentication.ts"
import type { Distributor } from "./distributor.ts"
import type { History } from "./history.ts"
import { openStream } from "./http-stream.ts"
import { encodeMessage } from "./stream-message.ts"
import { readNodeReport, readStreamRequest } from "./wire-schemas.ts"

export interface AgentServerOptions {
  readonly certificate: ServingCertificate
  readonly authenticator: Authenticator
  readonly distributor: Distributor
  /** Without it no replica is ever behind another one. */
  readonly history?: Pick<History, "hasReached">
  readonly version: string
  readonly replicas: () => readonly string[]
  /** Of this replica: "address:port". */
  readonly self?: () => readonly string[]
  /** Other replicas; without it nobody is taken for one. */
  readonly peers?: PeerRoute
  readonly now?: () => number
  /** A fault of ours: the agent has heard of it by the answer's status alone. */
  readonly onError?: (error: unknown) => void
}

/** Where other replicas speak to this one; nothing else is theirs. */
export interface PeerRoute {
  /** Below /v1/replicas/. */
  readonly path: string
  readonly accepts: (token: string) => boolean
  /** The status of the answer, which has no body. */
  readonly take: (body: unknown) => 204 | 400 | 409
}

/** PEM. */
export interface ServingCertificate {
  readonly certificate: string
  readonly key: string
}

export interface AgentServer {
  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number>
  /** For new connections; those that are there go on with the one they began with. */
  setCertificate(certificate: ServingCertificate): void
  /** Whoever comes from now on is sent to another replica. */
  drain(): void
  close(): Promise<void>
}

/** The largest report or list of connections is below 2 MiB. */
const MOST_BODY_BYTES = 4 * 1024 * 1024
const MOST_HEADER_BYTES = 16 * 1024
/** Three for each of 5,000 nodes. */
const MOST_CONNECTIONS = 15_000
const HANDSHAKE_MS = 10_000
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
/** Agents report once a minute, over one connection. */
const KEEP_ALIVE_MS = 75_000
const OLDEST_PROTOCOL = Math.max(1, PROTOCOL_VERSION - 1)

export function createAgentServer(options: AgentServerOptions): AgentServer {
  let isDraining = false
  const app = createApp(options, () => isDraining)
  return {
    listen: async (host, port) => {
      await app.listen({ host, port }).catch((cause: unknown) => {
        throw listenError(`${host}:${port}`, cause)
      })
      const bound = app.server.address()
      return typeof bound === "object" && bound !== null ? bound.port : port
    },
    setCertificate: ({ certificate, key }) =>
      app.server.setSecureContext({ cert: certificate, key, ...PROTOCOLS }),
    drain: () => {
      isDraining = true
    },
    close: async () => {
      await app.close()
    },
  }
}

const PROTOCOLS = { minVersion: "TLSv1.3" } as const

function createApp(options: AgentServerOptions, isDraining: () => boolean): App {
  const { authenticator, peers } = options
  const app = createListener(options)
  // Checked before the body is read: whoever is not an agent may not make us hold 4 MiB.
  const agents = new WeakMap<IncomingMessage, AgentIdentity>()
  app.addHook("onRequest", async (request, reply) => {
    if (isDraining()) return reply.code(503).send()
    const token = tokenIn(request)
    // By route: an address has many spellings (a query, an escaped letter), and all of them lead there.
    if (peers !== undefined && request.routeOptions.url === peers.path) {
      return peers.accepts(token) ? undefined : reply.code(401).send()
    }
    const admission = await admit(request.params, token, authenticator)
    if (typeof admission === "number") return reply.code(admission).send()
    agents.set(request.raw, admission)
  })
  addRoutes(app, options, (request) => agents.get(request))
  return app
}

type App = ReturnType<typeof createListener>

function createListener({ certificate: { certificate, key }, onError }: AgentServerOptions) {
  const app = fastify<Server>({
    https: {
      cert: certificate,
      key,
      ...PROTOCOLS,
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MOST_HEADER_BYTES,
    },
    bodyLimit: MOST_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    // Fastify's own words would tell of it.
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack()
      reply.raw.writeHead(401, { "content-length": "0" }).end()
    },
  })
  app.server.maxConnections = MOST_CONNECTIONS
  app.setNotFoundHandler((_request, reply) => void reply.code(404).send())
  app.setErrorHandler<{ readonly statusCode?: number }>((error, _request, reply) => {
    const { statusCode = 500 } = error
    if (statusCode >= 500) onError?.(error)
    void reply
      .code(statusCode)
      .send(statusCode < 500 ? badRequest("the body is too large, or no JSON") : undefined)
  })
  return app
}

function addRoutes(
  app: App,
  options: AgentServerOptions,
  agentOf: (request: IncomingMessage) => AgentIdentity | undefined,
): void {
  const { distributor, peers } = options
  app.post<Asked>("/v1/nodes/:node/stream", (request, reply) =>
    answerStream(request, reply, { ...options, agent: agentOf(request.raw) }),
  )
  app.post<Asked>("/v1/nodes/:node/report", (request, reply) => {
    const foreign = foreignProtocol(request.body)
    if (foreign !== undefined) return reply.code(426).send(foreign)
    const report = readNodeReport(request.body)
    if ("mistake" in report) return reply.code(400).send(badRequest(report.mistake))
    distributor.report(request.params.node, report.ok)
    return reply.code(204).send()
  })
  if (peers !== undefined)
    app.post(peers.path, (request, reply) => reply.code(peers.take(request.body)).send())
}

interface Asked {
  readonly Params: { readonly node: string }
}

type Refusal = 401 | 403 | 503

/** "" where there is none. */
function tokenIn({ headers }: FastifyRequest): string {
  const [, token = ""] = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(headers.authorization ?? "") ?? []
  return token
}

/** A body would tell more than an agent needs. */
async function admit(
  params: unknown,
  token: string,
  authenticator: Authenticator,
): Promise<AgentIdentity | Refusal> {
  if (token === "") return 401
  const authentication = await authenticator.authenticate(token)
  switch (authentication.kind) {
    case "refused":
      return 401
    case "unavailable":
      return 503
    case "agent":
      return isAllowed(params, authentication.identity) ? authentication.identity : 403
  }
}

/** The same answer for a node that there is and for one that there is not. */
function isAllowed(params: unknown, { node }: AgentIdentity): boolean {
  const asked = fieldOf(params, "node")
  return asked === undefined || asked === node
}

async function answerStream(
  request: FastifyRequest<Asked>,
  reply: FastifyReply<RouteGenericInterface, Server>,
  options: AgentServerOptions & { readonly agent: AgentIdentity | undefined },
): Promise<FastifyReply<RouteGenericInterface, Server>> {
  const { agent, distributor, authenticator, version, replicas, self, now = Date.now, onError } = options
  if (agent === undefined) return reply.code(401).send()
  const foreign = foreignProtocol(request.body)
  if (foreign !== undefined) return reply.code(426).send(foreign)
  const asked = readStreamRequest(request.body)
  if ("mistake" in asked) return reply.code(400).send(badRequest(asked.mistake))
  // It stays with what it holds, and asks another replica.
  if ((await options.history?.hasReached(asked.ok.asOf)) === false) return reply.code(503).send()
  if (reply.raw.destroyed) return reply.hijack()
  const protocol = Math.min(asked.ok.protocol, PROTOCOL_VERSION)
  const hello: HelloMessage = { kind: "hello", protocol, version, replicas: replicas(), self: self?.() ?? [] }
  reply.hijack()
  try {
    openStream(reply.raw, {
      hello: encodeMessage(hello),
      attach: (sink) => distributor.attach(agent.node, asked.ok, sink),
      lifetimeMs: agent.expiresAt - now(),
      mayEnd: () => authenticator.isAnswered,
    })
  } catch (error) {
    // Of a hijacked answer Fastify tells nobody, and leaves it open.
    onError?.(error)
    reply.raw.destroy()
  }
  return reply
}

/** Before anything else is read: another version's body may be another. */
function foreignProtocol(body: unknown): WireError | undefined {
  const theirs = fieldOf(body, "protocol")
  if (typeof theirs !== "number" || (theirs >= OLDEST_PROTOCOL && theirs <= PROTOCOL_VERSION))
    return undefined
  const ours =
    OLDEST_PROTOCOL === PROTOCOL_VERSION ? `${PROTOCOL_VERSION}` : `${OLDEST_PROTOCOL} to ${PROTOCOL_VERSION}`
  return diagnosed(diagnostic("foreignProtocol", { ours, theirs }))
}

function badRequest(what: string): WireError {
  return diagnosed(diagnostic("badRequest", { what }))
}

function diagnosed({ code, message }: Diagnostic): WireError {
  return { code, message }
}
