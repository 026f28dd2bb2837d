// Requests to one controller replica: HTTPS to an address, checked against the CA and the controller's name.

import type { ClientRequest, IncomingMessage } from "node:http"
import { Agent, request } from "node:https"
import type { Socket } from "node:net"
import type { WireError } from "../../wire/messages.ts"
import type { Credentials } from "./credentials.ts"
import { type Endpoint, endpointText } from "./endpoint.ts"
import { StreamError } from "./stream-error.ts"
import { connectionText, refusalText } from "./stream-hints.ts"

export interface ControllerHttp {
  /** Resolves with the answer of a 2xx status, whose body is the caller's to read; rejects with StreamError. */
  post(request: PostRequest): Promise<IncomingMessage>
  /** Ends idle connections. */
  close(): void
}

export interface PostRequest {
  readonly endpoint: Endpoint
  readonly path: string
  readonly body: unknown
  readonly credentials: Credentials
  readonly signal: AbortSignal
  /** True: a connection of its own, that the replica cannot have closed already. */
  readonly isStream: boolean
}

export interface ControllerHttpOptions {
  /** The name in the controller's certificate. */
  readonly serverName: string
  /** Until the answer's head has come. */
  readonly timeoutMs: number
}

const MOST_ERROR_BYTES = 16 * 1024

export function createControllerHttp({ serverName, timeoutMs }: ControllerHttpOptions): ControllerHttp {
  const fresh = new Agent({ keepAlive: false, minVersion: "TLSv1.3" })
  const kept = new Agent({ keepAlive: true, minVersion: "TLSv1.3" })
  const head = ({
    endpoint,
    path,
    body,
    credentials,
    signal,
    isStream,
  }: PostRequest): Promise<IncomingMessage> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const text = JSON.stringify(body)
    const sent = request(
      {
        method: "POST",
        path,
        agent: isStream ? fresh : kept,
        signal,
        ...endpoint,
        servername: serverName,
        ca: credentials.ca,
        headers: {
          authorization: `Bearer ${credentials.token}`,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
          host: serverName,
        },
      },
      resolve,
    )
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    sent.on("socket", (socket) => limitConnecting(sent, socket))
    sent.on("error", reject)
    sent.end(text)
    return promise.finally(() => clearTimeout(timer))
  }
  return {
    post: async (post) => {
      const response = await head(post).catch((cause: Error) => {
        const message = `${endpointText(post.endpoint)}: ${connectionText(cause)}`
        throw new StreamError({ code: "unreachable", message, cause })
      })
      const { statusCode = 0 } = response
      if (statusCode >= 200 && statusCode < 300) return response
      throw await refusal(response, post.endpoint)
    },
    close: () => {
      fresh.destroy()
      kept.destroy()
    },
  }
}

/** A node that is gone answers nothing at all; one that is there and busy takes its time for all but this. */
function limitConnecting(sent: ClientRequest, socket: Socket): void {
  if (!socket.connecting) return
  const timer = setTimeout(() => sent.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS)
  socket.once("connect", () => clearTimeout(timer))
  socket.once("close", () => clearTimeout(timer))
}

const CONNECT_MS = 5_000
const UPGRADE_REQUIRED = 426

async function refusal(response: IncomingMessage, endpoint: Endpoint): Promise<StreamError> {
  const { statusCode: status = 0 } = response
  const { code: wireCode, message } = wireError(await beginning(response))
  const code = status === UPGRADE_REQUIRED ? "incompatible" : "refused"
  return new StreamError({
    code,
    status,
    wireCode,
    message: `${endpointText(endpoint)} answers ${status}${wireCode === "" ? "" : ` ${wireCode}`}: ${refusalText(status, message)}`,
  })
}

async function beginning(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    const pieces: AsyncIterable<Buffer> = response
    for await (const piece of pieces) {
      parts.push(piece)
      bytes += piece.length
      if (bytes > MOST_ERROR_BYTES) break
    }
  } catch {
    // Its status has been heard.
  }
  return Buffer.concat(parts).subarray(0, MOST_ERROR_BYTES).toString("utf8")
}

function wireError(text: string): WireError {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === "object" && value !== null && "code" in value && "message" in value) {
      return { code: String(value.code), message: String(value.message) }
    }
  } catch {
    // A proxy's page, perhaps.
  }
  return { code: "", message: text.slice(0, 200) }
}
