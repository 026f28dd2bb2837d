// What `postern demo --json` prints. docs/schemas/demo.json is written from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"

const count = { type: "integer", minimum: 0 } as const
const milliseconds = { type: "number", minimum: 0 } as const
const verdict = { enum: ["allowed", "denied"] } as const

const connection = {
  from: { type: "string" },
  to: { type: "string" },
  port: { type: "string", description: 'E.g. "80/TCP" or "ICMP".' },
} as const

const cell = {
  type: "object",
  additionalProperties: false,
  required: ["from", "to", "port", "allowed", "denied", "mismatched"],
  properties: { ...connection, allowed: count, denied: count, mismatched: count },
} as const

const mismatch = {
  type: "object",
  additionalProperties: false,
  required: ["from", "to", "port", "expected", "actual", "assertion", "text"],
  properties: {
    ...connection,
    expected: verdict,
    actual: verdict,
    assertion: {
      type: ["string", "null"],
      description: "The ConnectivityAssertion that expected it; null for the reference evaluator.",
    },
    text: { type: "string" },
  },
} as const

const scenario = {
  type: "object",
  additionalProperties: false,
  required: [
    "name",
    "pods",
    "nodes",
    "policies",
    "connections",
    "matrix",
    "mismatches",
    "ruleset",
    "milliseconds",
    "droppedPackets",
  ],
  properties: {
    name: { type: "string" },
    pods: count,
    nodes: count,
    policies: count,
    connections: { ...count, description: "Tried with the policies in force, assertions included." },
    matrix: {
      type: "array",
      items: cell,
      description: "Several tries a cell: over IPv4 and IPv6, directly and through a Service.",
    },
    mismatches: { type: "array", items: mismatch },
    ruleset: {
      type: "object",
      additionalProperties: false,
      required: ["chains", "sets", "elements"],
      properties: { chains: count, sets: count, elements: count },
      description: "Of all nodes together.",
    },
    milliseconds: {
      type: "object",
      additionalProperties: false,
      required: ["lab", "open", "yamlToEnforced", "probe"],
      properties: {
        lab: milliseconds,
        open: milliseconds,
        yamlToEnforced: milliseconds,
        probe: milliseconds,
      },
    },
    droppedPackets: count,
  },
} as const

export const demoSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern demo --json",
  type: "object",
  additionalProperties: false,
  required: ["ok", "scenarios"],
  properties: {
    ok: { type: "boolean", description: "Every connection went as expected." },
    scenarios: { type: "array", items: scenario },
  },
} as const satisfies JSONSchema

export type DemoReport = FromSchema<typeof demoSchema>
