// What `postern test -o json` prints. docs/schemas/test.json is written from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"

const count = { type: "integer", minimum: 0 } as const
const status = {
  enum: ["met", "failed", "error"],
  description: "error: it names what there is not, so nobody knows.",
} as const

const port = {
  type: "object",
  additionalProperties: false,
  required: ["port", "status", "verdict", "message"],
  properties: {
    port: { type: "string", description: "As it is written." },
    status,
    verdict: {
      enum: ["Allow", "Deny", "Mixed", null],
      description: "What the policies say: Mixed where pods, families or ports differ, null for an error.",
    },
    message: { type: "string", description: "Why it failed; empty where it did not." },
  },
} as const

const assertedCase = {
  type: "object",
  additionalProperties: false,
  required: ["namespace", "name", "path", "file", "line", "from", "to", "expect", "status", "ports"],
  properties: {
    namespace: { type: "string" },
    name: { type: "string", description: "Of the ConnectivityAssertion." },
    path: { type: "string", description: 'Of the case in it: "spec.cases[0]".' },
    file: { type: ["string", "null"], description: "Null where it is an object of a cluster." },
    line: { type: ["integer", "null"], minimum: 1 },
    from: { type: "string" },
    to: { type: "string" },
    expect: { enum: ["Allow", "Deny"] },
    status,
    ports: { type: "array", items: port },
  },
} as const

export const testSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern test -o json",
  type: "object",
  additionalProperties: false,
  required: ["ok", "met", "failed", "errors", "cases"],
  properties: {
    ok: { type: "boolean" },
    met: { ...count, description: "How many cases." },
    failed: count,
    errors: count,
    cases: { type: "array", items: assertedCase },
  },
} as const satisfies JSONSchema

export type TestReport = FromSchema<typeof testSchema>
export type TestedCase = TestReport["cases"][number]
