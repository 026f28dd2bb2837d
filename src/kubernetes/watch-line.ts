// The lines of a watch: {"type": ..., "object": ...}.

import { fieldOf, recordIn } from "../api/conforms.ts"
import { ApiError, ConnectionError } from "./api-error.ts"
import { textIn } from "./resource.ts"

export type WatchLine =
  | { readonly kind: "set" | "delete"; readonly object: unknown }
  | { readonly kind: "bookmark"; readonly resourceVersion: string; readonly endsInitialEvents: boolean }
  | { readonly kind: "error"; readonly error: ApiError }

/** KEP-3157: set on the bookmark behind the objects that were there already. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end"

/** Throws for what no watch says: the stream is broken, and nothing after it can be trusted. */
export function readWatchLine(line: string): WatchLine {
  const event = parse(line)
  const type = textIn(event, "type")
  const object = fieldOf(event, "object")
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { kind: "set", object }
    case "DELETED":
      return { kind: "delete", object }
    case "BOOKMARK": {
      const metadata = recordIn(object, "metadata")
      const endsInitialEvents = textIn(recordIn(metadata, "annotations"), INITIAL_EVENTS_END) === "true"
      return { kind: "bookmark", resourceVersion: textIn(metadata, "resourceVersion"), endsInitialEvents }
    }
    case "ERROR":
      return { kind: "error", error: errorOf(object) }
  }
  throw new ConnectionError("a watch said what none says", new Error(`type ${JSON.stringify(type)}`))
}

function parse(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line)
    return value
  } catch (error) {
    throw new ConnectionError("a line of a watch is no JSON", error)
  }
}

function errorOf(status: unknown): ApiError {
  const code = fieldOf(status, "code")
  const seconds = fieldOf(recordIn(status, "details"), "retryAfterSeconds")
  return new ApiError(typeof code === "number" ? code : 500, textIn(status, "message") || "a watch failed", {
    reason: textIn(status, "reason"),
    retryAfterSeconds: typeof seconds === "number" ? seconds : undefined,
  })
}
