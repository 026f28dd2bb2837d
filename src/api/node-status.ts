// postern.dev/v1alpha1 NodeStatus: how enforcement goes on a node.
//
// Written by the controller alone, under the name of the Node, which owns it. It changes when what it shows has changed,
// not with every revision: those are in the metrics.

import type { FromSchema } from "json-schema-to-ts"
import { conditionsSchema, text, time, whole } from "./status-parts.ts"

/** What a status holds at most; the counts beside it are whole. */
export const MOST_PROBLEMS = 20
export const MOST_ISOLATED = 20

const problemSchema = {
  type: "object",
  additionalProperties: false,
  required: ["code", "severity", "subject", "message"],
  properties: {
    code: text,
    severity: { type: "string", enum: ["fatal", "error", "warning", "note"] },
    subject: { type: "string", description: "What it is about, e.g. a chain of another table." },
    message: text,
  },
} as const

const isolatedSchema = {
  type: "object",
  additionalProperties: false,
  required: ["object", "error"],
  properties: { object: { type: "string", description: "Family, table and name." }, error: text },
} as const

const revisionSchema = {
  type: "object",
  additionalProperties: false,
  required: ["wanted", "applied"],
  properties: { wanted: whole, applied: whole },
} as const

export const nodeStatusStatusSchema = {
  type: "object",
  additionalProperties: false,
  required: [
    "state",
    "observing",
    "version",
    "error",
    "revision",
    "problemCount",
    "problems",
    "isolated",
    "failedClosedCount",
    "lastTransitionTime",
    "conditions",
  ],
  properties: {
    state: {
      type: "string",
      enum: ["Programmed", "Programming", "Observing", "Degraded", "Disconnected"],
      description:
        "Programming: behind for some seconds. Observing: drops nothing, by a switch on the node. Degraded: a program " +
        "or part of it is refused, or something on the node keeps it from being enforced. Disconnected: has not been " +
        "heard of for 30 s; it enforces the last that it got.",
    },
    observing: { type: "boolean", description: "Somebody on the node has switched it to observe." },
    version: { type: "string", description: "Of the agent." },
    error: { type: "string", description: "Why the newest program is not in force." },
    revision: {
      ...revisionSchema,
      description: "When this object was written last; the metrics have it as it is now.",
    },
    problemCount: { ...whole, description: "Of problems, without those that are notes." },
    problems: {
      type: "array",
      maxItems: MOST_PROBLEMS,
      items: problemSchema,
      description: "What keeps policy from being enforced, other tables and other policy engines included.",
    },
    isolated: {
      type: "array",
      maxItems: MOST_ISOLATED,
      items: isolatedSchema,
      description: "What the kernel refused.",
    },
    failedClosedCount: { ...whole, description: "Addresses that are cut off because of it." },
    lastTransitionTime: { ...time, description: "When the state changed last." },
    conditions: { ...conditionsSchema, description: "Enforcing is the one." },
  },
} as const

export type NodeStatusStatus = FromSchema<typeof nodeStatusStatusSchema>
export type NodeStateName = NodeStatusStatus["state"]
