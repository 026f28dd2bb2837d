// What `postern diff -o json` prints. docs/schemas/diff.json is written from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"
import { impactReportSchema } from "./impact-report.ts"

const { $schema, ...impact } = impactReportSchema

const object = {
  type: "object",
  additionalProperties: false,
  required: ["change", "kind", "namespace", "name", "file", "line"],
  properties: {
    change: { enum: ["added", "changed", "removed"] },
    kind: { type: "string" },
    namespace: { type: "string", description: "Empty for a cluster-wide kind." },
    name: { type: "string" },
    file: {
      type: ["string", "null"],
      description: "Of what is removed where it was; null for an object of a cluster.",
    },
    line: { type: ["integer", "null"], minimum: 1 },
  },
} as const

const workload = {
  type: "object",
  additionalProperties: false,
  required: ["namespace", "name", "kind", "pods", "ingressIsolated", "egressIsolated"],
  properties: {
    namespace: { type: "string" },
    name: { type: "string" },
    kind: { type: "string" },
    pods: {
      type: "integer",
      minimum: 1,
      description: "Of manifests one for each template; of a StatefulSet as many as its replicas, up to 100.",
    },
    ingressIsolated: { type: "boolean", description: "A policy selects every pod of it for ingress." },
    egressIsolated: { type: "boolean" },
  },
} as const

export const diffSchema = {
  $schema,
  title: "postern diff -o json",
  type: "object",
  additionalProperties: false,
  required: ["different", "before", "after", "objects", "workloads", "impact"],
  properties: {
    different: {
      type: "boolean",
      description: "Something else flows, is isolated, comes or goes: --exit-code.",
    },
    before: { type: "string", description: "What is compared: a directory, a revision, the cluster." },
    after: { type: "string" },
    objects: {
      type: "array",
      items: object,
      description: "Policies that say something else, and namespaces with other labels.",
    },
    workloads: {
      type: "object",
      additionalProperties: false,
      required: ["added", "removed"],
      properties: {
        added: { type: "array", items: workload },
        removed: { type: "array", items: workload },
      },
    },
    impact: {
      ...impact,
      description:
        "On workloads that are there before and after. The key is empty: nobody keeps this report.",
    },
  },
} as const satisfies JSONSchema

export type DiffReport = FromSchema<typeof diffSchema>
export type DiffObject = DiffReport["objects"][number]
export type DiffWorkload = DiffReport["workloads"]["added"][number]
