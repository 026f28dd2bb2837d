// What agents may send, within bounds. Fields that are not known are another version's, and are let be.

import { Ajv, type ErrorObject } from "ajv"
import type { NodeReport, StreamRequest } from "../wire/messages.ts"

const text = { type: "string", maxLength: 512 } as const
const revision = { type: "integer", minimum: 0, maximum: 0xffffffff } as const
const protocol = { type: "integer", minimum: 1, maximum: 0xffff } as const
const address = { type: "string", maxLength: 45 } as const
const addresses = (maxItems: number) => ({ type: "array", maxItems, items: address })

const streamRequestSchema = {
  type: "object",
  required: ["protocol", "version", "revision", "digest", "asOf", "connections"],
  properties: {
    protocol,
    version: text,
    revision,
    digest: text,
    // A time, and two addresses with the uid of each of a hundred pods.
    asOf: { type: "string", maxLength: 32_768 },
    connections: addresses(50_000),
  },
}

const long = { type: "string", maxLength: 16_384 } as const

const nodeReportSchema = {
  type: "object",
  required: [
    "protocol",
    "version",
    "revision",
    "milliseconds",
    "error",
    "isolated",
    "failedClosed",
    "problems",
    "addresses",
    "observing",
  ],
  properties: {
    protocol,
    version: text,
    revision,
    milliseconds: { type: "number", minimum: 0 },
    error: long,
    isolated: {
      type: "array",
      maxItems: 10_000,
      items: {
        type: "object",
        required: ["object", "error"],
        properties: { object: text, error: long },
      },
    },
    failedClosed: addresses(10_000),
    problems: {
      type: "array",
      maxItems: 1_000,
      items: {
        type: "object",
        required: ["code", "severity", "subject", "message"],
        properties: {
          code: text,
          severity: { type: "string", enum: ["fatal", "error", "warning", "note"] },
          subject: long,
          message: long,
        },
      },
    },
    addresses: addresses(1_000),
    observing: { type: "boolean" },
    denied: {
      type: "array",
      maxItems: 1_000,
      items: {
        type: "object",
        required: ["chain", "packets"],
        properties: { chain: text, packets: { type: "integer", minimum: 0 } },
      },
    },
  },
}

const ajv = new Ajv()
const isStreamRequest = ajv.compile<StreamRequest>(streamRequestSchema)
const isNodeReport = ajv.compile<NodeReport>(nodeReportSchema)

export type Read<T> = { readonly ok: T } | { readonly mistake: string }

export function readStreamRequest(body: unknown): Read<StreamRequest> {
  return isStreamRequest(body) ? { ok: body } : { mistake: mistakeOf(isStreamRequest.errors) }
}

export function readNodeReport(body: unknown): Read<NodeReport> {
  return isNodeReport(body) ? { ok: body } : { mistake: mistakeOf(isNodeReport.errors) }
}

function mistakeOf(errors: readonly ErrorObject[] | null | undefined): string {
  const [first] = errors ?? []
  return first === undefined
    ? "no JSON"
    : `${first.instancePath || "the body"} ${first.message ?? "is wrong"}`
}
