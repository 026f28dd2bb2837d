// One stream to one replica, from the request to whatever ends it.

import type { IncomingMessage } from "node:http"
import { type HelloMessage, PROTOCOL_VERSION, type StreamRequest } from "../../wire/messages.ts"
import type { ControllerHttp } from "./controller-http.ts"
import type { Credentials } from "./credentials.ts"
import { type Endpoint, endpointText } from "./endpoint.ts"
import { readLines } from "./line-reader.ts"
import type { ProgramFeed, ProgramMessage } from "./program-feed.ts"
import { readMessage } from "./read-message.ts"
import { StreamError } from "./stream-error.ts"

export interface StreamOptions {
  readonly http: ControllerHttp
  readonly endpoint: Endpoint
  readonly credentials: Credentials
  readonly node: string
  readonly request: StreamRequest
  readonly feed: ProgramFeed
  /** Silence that means that the replica is gone. */
  readonly silenceMs: number
  /** Ends the stream. */
  readonly signal: AbortSignal
  /** The hello has come. */
  readonly onHello: (hello: HelloMessage) => void
  readonly onReplicas: (replicas: readonly string[]) => void
}

/** Never resolves while the stream lives; then rejects with StreamError, or with the reason of the signal. */
export async function runStream(options: StreamOptions): Promise<never> {
  const { http, endpoint, credentials, node, request: body } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const path = `/v1/nodes/${encodeURIComponent(node)}/stream`
  const response = await http.post({ endpoint, path, body, credentials, signal, isStream: true })
  try {
    await follow(response, options)
  } catch (error) {
    if (error instanceof StreamError) throw error
    const cause = error instanceof Error ? error : new Error(String(error))
    throw new StreamError({ code: "ended", message: `${endpointText(endpoint)}: ${cause.message}`, cause })
  } finally {
    ending.abort()
    response.destroy()
  }
  throw new StreamError({ code: "ended", message: `${endpointText(endpoint)} has ended the stream` })
}

async function follow(response: IncomingMessage, options: StreamOptions): Promise<void> {
  const { feed, endpoint } = options
  let hasHello = false
  let isFirst = true
  for await (const line of readLines(withoutSilence(response, options))) {
    const message = readMessage(line.text)
    if (!hasHello && message.kind !== "hello")
      throw new StreamError({ code: "malformed", message: `${endpointText(endpoint)} begins without hello` })
    switch (message.kind) {
      case "hello":
        checkProtocol(message.protocol, endpoint)
        hasHello = true
        options.onHello(message)
        options.onReplicas(message.replicas)
        break
      case "replicas":
        options.onReplicas(message.replicas)
        break
      case "alive":
        break
      case "ruleset":
      case "unchanged":
      case "update":
        await feed.put(isFirst ? message : inStep(message), line.bytes)
        isFirst = false
        break
    }
  }
}

/**
 * Only the first message of a stream may give what is held another number. Later ones tell news beside the rules, of
 * the number that all messages before them lead to: as an update of nothing they are refused where one was.
 */
function inStep(message: ProgramMessage): ProgramMessage {
  if (message.kind !== "unchanged") return message
  const { revision, forget = [] } = message
  const plan = { add: [], flip: [], remove: [] }
  return { ...message, kind: "update", from: revision, plan, forget, narrows: false }
}

/** A replica serves the version before its own, and says here which one it speaks. */
function checkProtocol(protocol: number, endpoint: Endpoint): void {
  if (protocol === PROTOCOL_VERSION) return
  throw new StreamError({
    code: "incompatible",
    message:
      `${endpointText(endpoint)} speaks version ${protocol} of the protocol and this agent version ` +
      `${PROTOCOL_VERSION}: upgrade the ${protocol > PROTOCOL_VERSION ? "agent" : "controller"}`,
  })
}

/** Silence counts only while somebody listens: an agent that is busy hears nothing. */
async function* withoutSilence(
  response: IncomingMessage,
  { silenceMs, endpoint }: StreamOptions,
): AsyncGenerator<Uint8Array> {
  const silent = new StreamError({
    code: "silent",
    message: `${endpointText(endpoint)} has said nothing for ${silenceMs} ms`,
  })
  let last: NodeJS.Immediate | undefined
  // After a stall of this process timers come first: what waits in the socket is heard before it counts as silence.
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => {
      last = setImmediate(() => response.destroy(silent))
    }, silenceMs)
  let timer = watch()
  const heard = (): void => {
    clearTimeout(timer)
    if (last !== undefined) clearImmediate(last)
  }
  try {
    const pieces: AsyncIterable<Uint8Array> = response
    for await (const piece of pieces) {
      heard()
      yield piece
      timer = watch()
    }
  } finally {
    heard()
  }
}
