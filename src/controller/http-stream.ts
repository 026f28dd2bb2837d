// The answer to a stream's request: NDJSON for as long as both live, and the token is good.

import type { ServerResponse } from "node:http"
import type { StreamAttachment } from "./distributor.ts"
import type { StreamSink } from "./node-stream.ts"

export interface StreamOptions {
  /** The first line. */
  readonly hello: string
  readonly attach: (sink: StreamSink) => StreamAttachment
  /** Until the token ends. */
  readonly lifetimeMs: number
  /** False where agents could not come back: who they are cannot be asked. */
  readonly mayEnd: () => boolean
}

/** Agents show their token at least so often. */
const LONGEST_MS = 3_600_000
/** A fifth is left to chance, so that agents that came together do not come back together. */
const JITTER = 0.2
const ASK_AGAIN_MS = 60_000
/** For what is in flight; then the connection is cut. */
const LINGER_MS = 5_000

export function openStream(response: ServerResponse, options: StreamOptions): void {
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" })
  response.write(options.hello)
  let timer: NodeJS.Timeout | undefined
  let hasEnded = false
  const end = (): void => {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(timer)
    response.end()
    setTimeout(() => response.destroy(), LINGER_MS).unref()
    attachment?.detach()
  }
  let attachment: StreamAttachment | undefined
  attachment = options.attach({
    buffered: () => response.writableLength,
    write: (line) => {
      if (!hasEnded) response.write(line)
    },
    end,
  })
  const endLater = (milliseconds: number): void => {
    timer = setTimeout(() => (options.mayEnd() ? end() : endLater(ASK_AGAIN_MS)), milliseconds)
    timer.unref()
  }
  endLater(Math.min(options.lifetimeMs, LONGEST_MS) * (1 - JITTER * Math.random()))
  response.on("drain", () => attachment?.drained())
  // A reset of the connection is one way in which agents go.
  response.on("error", end)
  response.on("close", end)
}
