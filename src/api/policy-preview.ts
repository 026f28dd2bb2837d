// postern.dev/v1alpha1 PolicyPreview: what a change would do, asked by creating an object and read from its status.
//
// The channel for tools and GitOps, which see no admission warnings. crds/ holds the CRD that is written from here.

import type { FromSchema } from "json-schema-to-ts"
import { conditionsSchema, text } from "./status-parts.ts"

export const policyPreviewSpecSchema = {
  type: "object",
  additionalProperties: false,
  required: ["operation"],
  properties: {
    operation: {
      type: "string",
      enum: ["Apply", "Delete"],
      description: "Apply: the object is made, or takes the place of the one of its name.",
    },
    object: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      "x-kubernetes-preserve-unknown-fields": true,
      description: "For Apply: the policy, whole, of this object's namespace.",
    },
    reference: {
      type: "object",
      additionalProperties: false,
      required: ["kind", "name"],
      properties: { kind: text, name: text },
      description: "For Delete: a policy of this object's namespace.",
    },
  },
} as const

export const policyPreviewStatusSchema = {
  type: "object",
  additionalProperties: false,
  required: ["conditions"],
  properties: {
    observedGeneration: { type: "integer", description: "metadata.generation that this is about." },
    summary: { type: "string", description: "What the change would do, in one sentence." },
    warnings: {
      type: "array",
      items: text,
      description: "What kubectl would print for it as warnings.",
    },
    key: { type: "string", description: "Of the report: postern report KEY." },
    report: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      description:
        "docs/schemas/impact-report.json, with lists cut short. Other namespaces are counted in it, and not named.",
    },
    conditions: {
      ...conditionsSchema,
      description: "Ready: the status is about this generation. False where the change cannot be looked at.",
    },
  },
} as const

export type PolicyPreviewStatus = FromSchema<typeof policyPreviewStatusSchema>
