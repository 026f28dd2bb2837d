// The agent's local socket. Who may open it may change the node's firewall anyway: it is root's alone.

import { chmod, lstat, mkdir, rm } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { connect } from "node:net"
import { dirname } from "node:path"
import { setTimeout } from "node:timers/promises"
import { listenError } from "../../telemetry/listen-error.ts"
import {
  ADMIN_ORDERS,
  type AdminError,
  type AdminOrder,
  type AgentStatus,
  orderPath,
  statusPath,
} from "./admin-messages.ts"

export interface AdminOptions {
  readonly path: string
  readonly status: () => AgentStatus
  /** Resolves when the kernel obeys. */
  readonly obey: (order: AdminOrder) => Promise<void>
  /** Another agent of this node is alive; it is waited for. */
  readonly onOccupied: () => void
  /** Ends the wait. */
  readonly signal: AbortSignal
  readonly retryMs?: number
}

export interface AdminServer {
  close(): Promise<void>
}

const RETRY_MS = 500

/**
 * Resolves when the socket is this process's. Two agents on a node would undo each other's changes; the
 * socket that answers is how the second one knows of the first.
 */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const { path, signal, retryMs = RETRY_MS } = options
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  let isTold = false
  while (await isAnswered(path)) {
    if (!isTold) options.onOccupied()
    isTold = true
    await setTimeout(retryMs, undefined, { signal })
  }
  await removeStale(path)
  const server = createServer((request, response) => void answer(request, response, options))
  await listen(server, path)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    const end = (isAnswered: boolean): void => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.on("connect", () => end(true))
    socket.on("error", () => end(false))
  })
}

/** Left by an agent that was killed. Anything but a socket is somebody else's. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (found === undefined) return
  if (!found.isSocket())
    throw listenError(path, "there is a file that is no socket; remove it, or give --socket")
  await rm(path)
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once("error", (cause) => reject(listenError(path, cause)))
  // bind(2) makes the file with what the mask leaves: there is no moment in which others could open it.
  const before = process.umask(0o177)
  try {
    server.listen(path, resolve)
  } finally {
    process.umask(before)
  }
  await promise
  server.removeAllListeners("error")
  await chmod(path, 0o600)
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminOptions,
): Promise<void> {
  const say = (status: number, body: AgentStatus | AdminError): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  }
  request.resume()
  try {
    if (request.method === "GET" && request.url === statusPath()) return say(200, options.status())
    const order = ADMIN_ORDERS.find((each) => request.url === orderPath(each))
    if (request.method !== "POST" || order === undefined) return say(404, { message: "no such order" })
    await options.obey(order)
    say(200, options.status())
  } catch (error) {
    say(500, { message: error instanceof Error ? error.message : String(error) })
  }
}
