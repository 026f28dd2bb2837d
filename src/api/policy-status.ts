// postern.dev/v1alpha1 PolicyStatus: what has become of a policy, of whatever kind.
//
// Written by the controller alone; it is named <kind>.<name> and stands in the policy's namespace. crds/ holds the CRD
// that is written from here.

import type { FromSchema } from "json-schema-to-ts"
import { conditionsSchema, text, time, whole } from "./status-parts.ts"

/** What a status holds at most; the counts beside it are whole. */
export const MOST_FAILED_NODES = 20
export const MOST_DIAGNOSTICS = 20

export const policyStatusSpecSchema = {
  type: "object",
  additionalProperties: false,
  required: ["policy"],
  properties: {
    policy: {
      type: "object",
      additionalProperties: false,
      required: ["apiVersion", "kind", "name"],
      properties: { apiVersion: text, kind: text, name: text },
      description: "The policy that this is about; it is the owner of this object, too.",
    },
  },
} as const

const failedNodeSchema = {
  type: "object",
  additionalProperties: false,
  required: ["node", "error"],
  properties: { node: text, error: text },
} as const

const nodesSchema = {
  type: "object",
  additionalProperties: false,
  required: ["desired", "programmed", "failedCount", "failed"],
  properties: {
    desired: { ...whole, description: "Nodes with pods that the policy selects." },
    programmed: { ...whole, description: "Of these, nodes whose kernel enforces it in this generation." },
    failedCount: { ...whole, description: "Of these, nodes that do not, and will not by themselves." },
    failed: {
      type: "array",
      maxItems: MOST_FAILED_NODES,
      items: failedNodeSchema,
      description: `The first ${MOST_FAILED_NODES} of them by name, and why.`,
    },
  },
} as const

const diagnosticSchema = {
  type: "object",
  additionalProperties: false,
  required: ["code", "severity", "field", "message"],
  properties: {
    code: { type: "string", description: "PNP and four digits; docs/diagnostics.md has them all." },
    severity: { type: "string", enum: ["error", "warning", "note"] },
    field: { type: "string", description: 'E.g. "spec.ingress[0].from[1]".' },
    message: text,
  },
} as const

const deniedSchema = {
  type: "object",
  additionalProperties: false,
  required: ["ingress", "egress", "since"],
  properties: {
    ingress: {
      ...whole,
      description: "Packets on their way to its pods; those that observe mode lets pass, too.",
    },
    egress: { ...whole, description: "Packets that its pods sent." },
    since: { ...time, description: "When counting began." },
  },
} as const

export const policyStatusStatusSchema = {
  type: "object",
  additionalProperties: false,
  required: [
    "phase",
    "enforcement",
    "selectedPods",
    "nodes",
    "diagnostics",
    "lastTransitionTime",
    "conditions",
  ],
  properties: {
    phase: {
      type: "string",
      enum: ["Pending", "Programming", "Programmed", "Degraded", "Failed"],
      description:
        "Pending: selects no pod. Programming: on its way. Programmed: enforced on every node that it concerns. " +
        "Degraded: not on all of them. Failed: it cannot be read as it is; its pods fail closed.",
    },
    enforcement: {
      type: "string",
      enum: ["enforce", "observe"],
      description: "observe: what it denies is counted and let pass.",
    },
    observedGeneration: {
      type: "integer",
      description: "metadata.generation of the policy that this is about.",
    },
    selectedPods: whole,
    nodes: nodesSchema,
    diagnostics: { type: "array", maxItems: MOST_DIAGNOSTICS, items: diagnosticSchema },
    denied: {
      ...deniedSchema,
      description: "Packets denied by this policy's isolation; brought up to date now and then.",
    },
    lastTransitionTime: { ...time, description: "When the phase changed last." },
    conditions: { ...conditionsSchema, description: "Programmed is the one." },
  },
} as const

export type PolicyStatusSpec = FromSchema<typeof policyStatusSpecSchema>
export type PolicyStatusStatus = FromSchema<typeof policyStatusStatusSchema>
export type PolicyPhase = PolicyStatusStatus["phase"]
