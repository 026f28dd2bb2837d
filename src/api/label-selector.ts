// meta/v1 LabelSelector, as every policy writes it.

import type { FromSchema } from "json-schema-to-ts"

export const labelsSchema = { type: "object", additionalProperties: { type: "string" } } as const

export const selectorExpressionSchema = {
  type: "object",
  additionalProperties: false,
  required: ["key", "operator"],
  properties: {
    key: { type: "string" },
    operator: { type: "string", enum: ["In", "NotIn", "Exists", "DoesNotExist"] },
    values: { type: "array", items: { type: "string" } },
  },
} as const

export const labelSelectorSchema = {
  type: "object",
  description: "Requirements that are all met; {} selects everything.",
  additionalProperties: false,
  properties: {
    matchLabels: labelsSchema,
    matchExpressions: { type: "array", items: selectorExpressionSchema },
  },
} as const

export type LabelSelector = FromSchema<typeof labelSelectorSchema>
