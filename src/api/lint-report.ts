// What postern lint -o json prints. docs/schemas/lint.json is written from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"

const text = { type: "string" } as const
const count = { type: "integer", minimum: 0 } as const
const nullableText = { type: ["string", "null"] } as const
const nullableCount = { type: ["integer", "null"], minimum: 1 } as const

const finding = {
  type: "object",
  additionalProperties: false,
  required: ["code", "severity", "message", "help", "object", "path", "file", "line", "column"],
  properties: {
    code: { type: "string", description: "See docs/diagnostics.md." },
    severity: { enum: ["error", "warning", "note"] },
    message: text,
    help: { type: "string", description: "What to do about it." },
    object: {
      anyOf: [
        {
          type: "object",
          additionalProperties: false,
          required: ["kind", "namespace", "name"],
          properties: { kind: text, namespace: text, name: text },
        },
        { type: "null" },
      ],
    },
    path: {
      type: "string",
      description: 'Field path in the object: "spec.ingress[0]"; "" for the whole object.',
    },
    file: { ...nullableText, description: "Null for what is read from a cluster." },
    line: nullableCount,
    column: nullableCount,
  },
} as const

export const lintReportSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Findings of postern lint",
  type: "object",
  additionalProperties: false,
  required: ["policies", "errors", "warnings", "notes", "findings"],
  properties: {
    policies: { ...count, description: "Policies that were looked at." },
    errors: count,
    warnings: count,
    notes: count,
    findings: { type: "array", items: finding },
  },
} as const satisfies JSONSchema

export type LintReport = FromSchema<typeof lintReportSchema>
export type LintFinding = LintReport["findings"][number]
