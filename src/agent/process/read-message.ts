// One line of a stream as a message. The replica has proven by its certificate who it is: only the outline is looked
// at, so that a fault is told as what it is and not as a fault of the agent's; and whose tables it is about.

import type { ControllerMessage } from "../../wire/messages.ts"
import { foreignIn } from "./own-objects.ts"
import { StreamError } from "./stream-error.ts"

export function readMessage(line: string): ControllerMessage {
  const value = parsed(line)
  if (!isMessage(value)) throw malformed(`no message of a controller: ${line.slice(0, 80)}`)
  const foreign = foreignIn(value)
  if (foreign !== undefined) throw malformed(`what a controller says is none of the agent's: ${foreign}`)
  return value
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw malformed(`not JSON: ${line.slice(0, 80)}`, cause)
  }
}

function malformed(message: string, cause?: unknown): StreamError {
  return new StreamError({ code: "malformed", message, cause })
}

type Shape = Readonly<Record<string, "string" | "number" | "boolean" | "list" | "object">>

const SHAPES: Readonly<Record<ControllerMessage["kind"], Shape>> = {
  hello: { protocol: "number", version: "string", replicas: "list" },
  ruleset: { revision: "number", ruleset: "list", digest: "string", asOf: "string" },
  unchanged: { revision: "number", asOf: "string" },
  update: {
    from: "number",
    revision: "number",
    plan: "object",
    forget: "list",
    narrows: "boolean",
    asOf: "string",
  },
  replicas: { replicas: "list" },
  alive: {},
}

function isMessage(value: unknown): value is ControllerMessage {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false
  const { kind } = value
  if (typeof kind !== "string" || !isKind(kind)) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  return Object.entries(SHAPES[kind]).every(([name, type]) => has(fields.get(name), type))
}

function isKind(kind: string): kind is ControllerMessage["kind"] {
  return Object.hasOwn(SHAPES, kind)
}

function has(value: unknown, type: Shape[string]): boolean {
  switch (type) {
    case "string":
    case "number":
    case "boolean":
      return typeof value === type
    case "list":
      return Array.isArray(value)
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value)
  }
}
