// What kubelet and Prometheus ask a process over plain HTTP: /healthz, /readyz, /metrics.
//
// node:http alone: three routes without a body are no reason to load a framework on every node.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { listenError } from "./listen-error.ts"
import type { Metrics } from "./metrics.ts"

export interface HealthOptions {
  /** "host:port", "[v6]:port" or ":port" for all addresses; port 0 for a free one. */
  readonly address: string
  readonly metrics: Metrics
  readonly checks: HealthChecks
}

export interface HealthChecks {
  /** A failure restarts the process; "" where it is well, else what is wrong. */
  readonly health: () => Promise<string> | string
  /** A failure takes it out of Services and stops a rollout; "" where it is ready, else why not. */
  readonly readiness: () => Promise<string> | string
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

const REQUEST_TIMEOUT_MS = 10_000
const MOST_CONNECTIONS = 64

export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const { host, port } = readListenAddress(options.address)
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request, response, options)
  })
  limitConnections(server)
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(options.address, cause)))
    server.listen(host === "" ? { port } : { host, port }, () => {
      server.removeAllListeners("error")
      resolve()
    })
  })
  const bound = server.address()
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/**
 * The newest are kept: whoever holds connections and asks nothing must not keep kubelet out, which would end this
 * process. The port is the node's, where every pod may come from.
 */
function limitConnections(server: Server): void {
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
    const [oldest] = sockets
    if (sockets.size > MOST_CONNECTIONS) oldest?.destroy()
  })
}

/** Throws RangeError with what is wrong. */
export function readListenAddress(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535)
    throw new RangeError(`${address} is not host:port, [IPv6]:port or :port`)
  return { host: bracketed ?? plain ?? "", port }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, checks }: HealthOptions,
): Promise<void> {
  const say = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text)
  }
  const judge = (failure: string): void => say(failure === "" ? 200 : 503, `${failure || "ok"}\n`)
  try {
    if (request.method !== "GET" && request.method !== "HEAD") return say(405, "GET only\n")
    const [path] = (request.url ?? "").split("?")
    if (path === "/healthz") return judge(await checks.health())
    if (path === "/readyz") return judge(await checks.readiness())
    if (path === "/metrics") return say(200, await metrics.text(), metrics.contentType)
    say(404, "/healthz, /readyz, /metrics\n")
  } catch (error) {
    say(500, `${error instanceof Error ? error.message : String(error)}\n`)
  }
}
