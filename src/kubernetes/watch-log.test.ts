// What an API server that is away looks like in the log.

import { expect, test } from "vitest"
import { createLog } from "../telemetry/log.ts"
import { ApiError, ConnectionError } from "./api-error.ts"
import type { WatchEvent } from "./watch-event.ts"
import { createWatchLog } from "./watch-log.ts"

const refused = new ConnectionError("GET /api/v1/pods", new Error("connect ECONNREFUSED 192.0.2.1:6443"))
const forbidden = new ApiError(403, "pods is forbidden: User x cannot list resource pods")

function failure(resource: string, error: Error): WatchEvent {
  return { kind: "failed", resource, error, retryInMs: 200 }
}

const rows: readonly {
  readonly name: string
  readonly events: readonly (WatchEvent | number)[]
  readonly lines: readonly string[]
}[] = [
  {
    name: "a failure is one line that says what is wrong, once a minute",
    events: [failure("pods", refused), 59_000, failure("pods", refused), 2_000, failure("pods", refused)],
    lines: [
      "warn no news of pods: GET /api/v1/pods: connect ECONNREFUSED 192.0.2.1:6443",
      "warn no news of pods: GET /api/v1/pods: connect ECONNREFUSED 192.0.2.1:6443",
    ],
  },
  {
    name: "another failure, and another resource's, are told at once",
    events: [failure("pods", refused), failure("pods", forbidden), failure("nodes", refused)],
    lines: [
      "warn no news of pods: GET /api/v1/pods: connect ECONNREFUSED 192.0.2.1:6443",
      "warn no news of pods: pods is forbidden: User x cannot list resource pods",
      "warn no news of nodes: GET /api/v1/pods: connect ECONNREFUSED 192.0.2.1:6443",
    ],
  },
  {
    name: "that it is over is told once, and only of what was told",
    events: [
      { kind: "resumed", resource: "nodes" },
      failure("pods", refused),
      { kind: "resumed", resource: "pods" },
      failure("pods", refused),
      { kind: "resumed", resource: "pods" },
    ],
    lines: [
      "warn no news of pods: GET /api/v1/pods: connect ECONNREFUSED 192.0.2.1:6443",
      "info pods are watched again",
    ],
  },
]

test.each(rows)("$name", ({ events, lines }) => {
  const told: string[] = []
  let now = 0
  const stream = { write: (text: string) => void told.push(text) }
  const tell = createWatchLog(createLog({ level: "info", name: "controller", stream }), () => now)
  for (const event of events) {
    if (typeof event === "number") now += event
    else tell(event)
  }
  const read = told.map((line) => {
    const parsed: unknown = JSON.parse(line)
    return parsed
  })
  expect(read).toMatchObject(lines.map((line) => ({ level: line.slice(0, 4), msg: line.slice(5) })))
  expect(read).toHaveLength(lines.length)
})
