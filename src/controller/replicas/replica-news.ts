// What controller replicas tell each other: an agent's reports reach one replica, and the one that writes statuses is
// another.
//
//   POST /v1/replicas/news   ReplicaNews -> 204; 409 where something is missing: then everything is told once more
//
// With `Authorization: Bearer` and what both derive from the key of the Secret postern-tls.

import { Ajv } from "ajv"
import type { NodeReport } from "../../wire/messages.ts"

export const NEWS_PATH = "/v1/replicas/news"

export interface ReplicaNews {
  /** Of the sender's process. */
  readonly session: string
  /** Grows by one with every message of a session to one replica; 1 begins with everything. */
  readonly sequence: number
  readonly nodes: readonly NodeNews[]
  readonly policies: readonly PolicyNews[]
  readonly denied: readonly DeniedNews[]
}

export interface NodeNews {
  readonly node: string
  /** A stream of its agent ends at the sender. */
  readonly connected: boolean
  readonly version: string
  /** What is sent to it is not in force for longer than it should take. */
  readonly behind: boolean
  /** Without addresses and counts. */
  readonly report?: NodeReport
}

/** Nodes that have not confirmed this version of a policy, as far as the sender knows. */
export interface PolicyNews {
  readonly key: string
  readonly uid: string
  readonly generation: number
  readonly enforcement: "enforce" | "observe"
  readonly outstanding: readonly string[]
}

/** More than was told before. */
export interface DeniedNews {
  readonly key: string
  readonly ingress: number
  readonly egress: number
}

const text = { type: "string", maxLength: 600 } as const
const whole = { type: "integer", minimum: 0 } as const
const list = (items: object) => ({ type: "array", maxItems: 100_000, items })
const record = (
  properties: Readonly<Record<string, object>>,
  optional: Readonly<Record<string, object>> = {},
) => ({
  type: "object",
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
})

const report = record({
  protocol: whole,
  version: text,
  revision: whole,
  milliseconds: { type: "number" },
  error: { type: "string" },
  isolated: list(record({ object: { type: "string" }, error: { type: "string" } })),
  failedClosed: list(text),
  problems: list(
    record({
      code: text,
      severity: { type: "string", enum: ["fatal", "error", "warning", "note"] },
      subject: { type: "string" },
      message: { type: "string" },
    }),
  ),
  addresses: list(text),
  observing: { type: "boolean" },
})

const isNews = new Ajv().compile<ReplicaNews>(
  record({
    session: text,
    sequence: whole,
    nodes: list(
      record(
        { node: text, connected: { type: "boolean" }, version: text, behind: { type: "boolean" } },
        { report },
      ),
    ),
    policies: list(
      record({
        key: text,
        uid: text,
        generation: whole,
        enforcement: { type: "string", enum: ["enforce", "observe"] },
        outstanding: list(text),
      }),
    ),
    denied: list(record({ key: text, ingress: whole, egress: whole })),
  }),
)

export function readReplicaNews(body: unknown): ReplicaNews | undefined {
  return isNews(body) ? body : undefined
}

/** The status of an answer to another replica. */
export function answerNews(body: unknown, take: (news: ReplicaNews) => boolean): 204 | 400 | 409 {
  const news = readReplicaNews(body)
  if (news === undefined) return 400
  return take(news) ? 204 : 409
}
