// What both servers of the webhook have in common: HTTPS with a certificate that can be renewed, everything within bounds.

import type { Server } from "node:https"
import { type FastifyInstance, fastify } from "fastify"
import type { KeyPair } from "../src/controller/x509.ts"
import { listenError } from "../src/telemetry/listen-error.ts"

export interface TlsListenerOptions {
  readonly certificate: KeyPair
  readonly bodyLimit: number
  /** More of TLS: client certificates. */
  readonly tls?: Readonly<Record<string, unknown>>
}

export type TlsListener = ReturnType<typeof createTlsListener>

const MOST_HEADER_BYTES = 32 * 1024
const MOST_CONNECTIONS = 1_000
const HANDSHAKE_MS = 10_000
const HEADERS_MS = 10_000
/** The API server sends a body at once. */
const REQUEST_MS = 10_000
/** Longer than the API server keeps a connection that it does not use (90 s): it is the one that ends it. */
const KEEP_ALIVE_MS = 120_000
/** So long a request may take that is underway when the server ends. */
const CLOSE_MS = 10_000
const PROTOCOLS = { minVersion: "TLSv1.3" } as const

export function createTlsListener({
  certificate: { certificate, key },
  bodyLimit,
  tls = {},
}: TlsListenerOptions) {
  const app = fastify<Server>({
    https: {
      ...tls,
      cert: certificate,
      key,
      ...PROTOCOLS,
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MOST_HEADER_BYTES,
    },
    bodyLimit,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // When all requests are answered. Idle ones alone are not enough: the API server keeps one that it never used.
    forceCloseConnections: true,
    return503OnClosing: false,
  })
  app.server.maxConnections = MOST_CONNECTIONS
  answerFirst(app)
  return app
}

/** Requests that have come are answered before connections are closed. */
function answerFirst(app: FastifyInstance<Server>): void {
  let underway = 0
  let wake = (): void => undefined
  app.addHook("onRequest", async (_request, reply) => {
    underway++
    reply.raw.once("close", () => {
      underway--
      wake()
    })
  })
  app.addHook("preClose", async () => {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, CLOSE_MS)
    wake = () => {
      // What was written is with the kernel a moment later.
      if (underway === 0) setImmediate(late.resolve)
    }
    wake()
    await late.promise
    clearTimeout(timer)
  })
}

/** For new connections; those that are there go on with the one they began with. `tls` as at the beginning. */
export function renewCertificate(
  app: TlsListener,
  { certificate, key }: KeyPair,
  tls: Readonly<Record<string, unknown>> = {},
): void {
  app.server.setSecureContext({ ...tls, cert: certificate, key, ...PROTOCOLS })
}

/** Resolves with the port. */
export async function listenOn(app: TlsListener, host: string, port: number): Promise<number> {
  await app.listen({ host, port }).catch((cause: unknown) => {
    throw listenError(`${host}:${port}`, cause)
  })
  const bound = app.server.address()
  return typeof bound === "object" && bound !== null ? bound.port : port
}
