// What whoever is called out at night reads in the log of an agent.

import { expect, test } from "vitest"
import { createLog } from "../../telemetry/log.ts"
import type { EnforcerEvent } from "../event.ts"
import { createEventLog } from "./event-log.ts"
import { StreamError } from "./stream-error.ts"
import type { StreamEvent } from "./stream-event.ts"

const disconnected = (replica: string, message: string): StreamEvent => ({
  kind: "disconnected",
  replica,
  error: new StreamError({ code: "unreachable", message: `${replica}: ${message}` }),
  waitMs: 1_000,
})
const connected: StreamEvent = { kind: "connected", replica: "192.0.2.1:10650", version: "0.1.0" }

const rows: readonly {
  readonly name: string
  readonly events: readonly (StreamEvent | EnforcerEvent | number)[]
  readonly lines: readonly string[]
}[] = [
  {
    name: "a replica that is away is told of once a minute, each for itself",
    events: [
      disconnected("192.0.2.1:10650", "connect ECONNREFUSED"),
      disconnected("192.0.2.2:10650", "connect ECONNREFUSED"),
      30_000,
      disconnected("192.0.2.1:10650", "connect ECONNREFUSED"),
      31_000,
      disconnected("192.0.2.1:10650", "connect ECONNREFUSED"),
    ],
    lines: [
      "warn no stream: 192.0.2.1:10650: connect ECONNREFUSED",
      "warn no stream: 192.0.2.2:10650: connect ECONNREFUSED",
      "warn no stream: 192.0.2.1:10650: connect ECONNREFUSED",
    ],
  },
  {
    name: "a stream that breaks again after it was there is told of again",
    events: [disconnected("192.0.2.1:10650", "reset"), connected, disconnected("192.0.2.1:10650", "reset")],
    lines: [
      "warn no stream: 192.0.2.1:10650: reset",
      "info a controller serves this node",
      "warn no stream: 192.0.2.1:10650: reset",
    ],
  },
  {
    name: "what fails is said in the line itself; that a start fails is said by who starts",
    events: [
      { kind: "failed", what: "caching the program", error: new Error("ENOSPC: no space left on device") },
      { kind: "failed", what: "starting", error: new Error("no rights") },
    ],
    lines: ["error failed: caching the program: ENOSPC: no space left on device"],
  },
]

test.each(rows)("$name", ({ events, lines }) => {
  const told: string[] = []
  let now = 0
  const stream = { write: (text: string) => void told.push(text) }
  const log = createEventLog(createLog({ level: "info", name: "agent", stream }), () => now)
  for (const event of events) {
    if (typeof event === "number") now += event
    else if (event.kind === "failed" || event.kind === "problems") log.enforcer(event)
    else if (isOfStream(event)) log.stream(event)
  }
  const read = told.map((line) => {
    const parsed: unknown = JSON.parse(line)
    return parsed
  })
  const expected = lines.map((line) => {
    const [level = ""] = line.split(" ")
    return { level, msg: line.slice(level.length + 1) }
  })
  expect(read).toMatchObject(expected)
})

function isOfStream(event: StreamEvent | EnforcerEvent): event is StreamEvent {
  return event.kind === "connected" || event.kind === "disconnected"
}
