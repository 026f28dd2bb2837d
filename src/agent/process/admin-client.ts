// Talks to the agent of this node over its socket.

import { type IncomingMessage, request } from "node:http"
import { type AdminOrder, type AgentStatus, orderPath, statusPath } from "./admin-messages.ts"

export class AdminClientError extends Error {
  override readonly name = "AdminClientError"
  /** "absent": no agent answers on the socket; "refused": it did not do what it was asked. */
  readonly code: "absent" | "refused"
  constructor(code: "absent" | "refused", message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

export function askStatus(socketPath: string): Promise<AgentStatus> {
  return ask(socketPath, "GET", statusPath())
}

export function order(socketPath: string, wanted: AdminOrder): Promise<AgentStatus> {
  return ask(socketPath, "POST", orderPath(wanted))
}

/** A change of the node's whole ruleset takes seconds where it is large. */
const TIMEOUT_MS = 60_000
const MOST_BYTES = 64 * 1024 * 1024

async function ask(socketPath: string, method: string, path: string): Promise<AgentStatus> {
  const response = await send(socketPath, method, path)
  const text = await textOf(response)
  if (response.statusCode === 200) {
    const status: AgentStatus = JSON.parse(text)
    return status
  }
  throw new AdminClientError("refused", `the agent answers ${response.statusCode}: ${text.slice(0, 1_000)}`)
}

function send(socketPath: string, method: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, method, path, timeout: TIMEOUT_MS, headers: { "content-length": 0 } },
      resolve,
    )
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)))
    sent.on("error", (cause: NodeJS.ErrnoException) => {
      const hint = cause.code === "EACCES" ? " (only root may)" : ""
      reject(
        new AdminClientError("absent", `no agent answers on ${socketPath}: ${cause.message}${hint}`, cause),
      )
    })
    sent.end()
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  const pieces: AsyncIterable<Buffer> = response
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > MOST_BYTES) throw new AdminClientError("refused", "the agent's answer does not end")
    parts.push(piece)
  }
  return Buffer.concat(parts).toString("utf8")
}
