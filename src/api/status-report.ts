// What `postern status -o json`, `postern observe -o json` and `postern enforce -o json` print. docs/schemas is written
// from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"
import { nodeStatusStatusSchema } from "./node-status.ts"
import { policyStatusStatusSchema } from "./policy-status.ts"

const text = { type: "string" } as const
const whole = { type: "integer", minimum: 0 } as const
const mode = { type: "string", enum: ["enforce", "observe"] } as const

const node = {
  type: "object",
  additionalProperties: false,
  required: ["name", "state", "since", "observing", "version", "message", "problems"],
  properties: {
    name: text,
    state: {
      type: "string",
      enum: [...nodeStatusStatusSchema.properties.state.enum, "Unknown"],
      description: "Unknown: no controller has written a status of this node.",
    },
    since: text,
    observing: { type: "boolean" },
    version: text,
    message: text,
    problems: nodeStatusStatusSchema.properties.problems,
  },
} as const

const policy = {
  type: "object",
  additionalProperties: false,
  required: [
    "kind",
    "namespace",
    "name",
    "phase",
    "enforcement",
    "selectedPods",
    "nodes",
    "message",
    "denied",
  ],
  properties: {
    kind: text,
    namespace: { ...text, description: "Empty for a cluster-wide kind." },
    name: text,
    phase: policyStatusStatusSchema.properties.phase,
    enforcement: mode,
    selectedPods: whole,
    nodes: policyStatusStatusSchema.properties.nodes,
    message: text,
    denied: {
      type: "object",
      additionalProperties: false,
      required: ["ingress", "egress"],
      properties: { ingress: whole, egress: whole },
      description: "Packets that it denied, or in observe mode would have.",
    },
  },
} as const

export const statusSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern status -o json",
  type: "object",
  additionalProperties: false,
  required: ["enforcement", "stale", "namespaces", "nodes", "policies", "next"],
  properties: {
    enforcement: { ...mode, description: "Of namespaces without a label postern.dev/enforcement." },
    stale: {
      ...text,
      description: "Why what is told here may be old; empty where a controller writes statuses.",
    },
    namespaces: {
      type: "object",
      additionalProperties: mode,
      description: "Namespaces that say otherwise, or the same, by their label.",
    },
    nodes: { type: "array", items: node },
    policies: { type: "array", items: policy, description: "Those that want attention first." },
    next: { type: "array", items: text, description: "What could be done next, in words." },
  },
} as const satisfies JSONSchema

const result = {
  type: "object",
  additionalProperties: false,
  required: ["subject", "ok", "message"],
  properties: {
    subject: { ...text, description: "E.g. node worker-1, namespace shop, the cluster's setting." },
    ok: { type: "boolean" },
    message: text,
  },
} as const

export const enforcementSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern observe -o json and postern enforce -o json",
  type: "object",
  additionalProperties: false,
  required: ["enforcement", "results"],
  properties: { enforcement: mode, results: { type: "array", items: result } },
} as const satisfies JSONSchema

export type StatusReport = FromSchema<typeof statusSchema>
export type NodeLine = FromSchema<typeof node>
export type PolicyLine = FromSchema<typeof policy>
export type EnforcementReport = FromSchema<typeof enforcementSchema>
export type EnforcementResult = FromSchema<typeof result>
