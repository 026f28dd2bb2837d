// What a change of the cluster will do: the answer of a dry-run, of PolicyPreview, of `postern diff` and `postern report`.
// docs/schemas/impact-report.json is written from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"

const count = { type: "integer", minimum: 0 } as const
const text = { type: "string" } as const
const texts = { type: "array", items: text } as const

const object = {
  type: "object",
  additionalProperties: false,
  required: ["kind", "namespace", "name"],
  properties: { kind: text, namespace: text, name: text },
} as const

const workload = {
  type: "object",
  additionalProperties: false,
  required: ["namespace", "name", "kind", "pods"],
  properties: { namespace: text, name: text, kind: text, pods: count },
} as const

/** A workload, or (with `range`) addresses outside the cluster. */
const end = {
  anyOf: [
    workload,
    {
      type: "object",
      additionalProperties: false,
      required: ["range"],
      properties: { range: { type: "string", description: "First and last address: 10.0.0.0-10.0.0.255." } },
    },
  ],
} as const

const isolation = {
  type: "object",
  additionalProperties: false,
  required: ["pods", "workloads"],
  properties: {
    pods: { type: "integer", minimum: 0, description: "All of them, named or not." },
    workloads: {
      type: "array",
      items: workload,
      description: "By name; `pods` are those concerned. Not always all.",
    },
  },
} as const

const bothIsolations = {
  type: "object",
  additionalProperties: false,
  required: ["ingress", "egress"],
  properties: { ingress: isolation, egress: isolation },
} as const

const connectionChange = {
  type: "object",
  additionalProperties: false,
  required: ["source", "destination", "before", "after", "changed", "decidedBy", "dns"],
  properties: {
    source: end,
    destination: end,
    before: {
      type: "string",
      description: 'What may flow: "All Connections", "TCP 80,UDP 53" or "" for nothing.',
    },
    after: text,
    changed: { type: "string", description: "What appears, or what disappears." },
    decidedBy: {
      type: "string",
      description: "Who decides then, for people: a rule, or the policies that isolate.",
    },
    dns: { type: "boolean", description: "The destination answers DNS, and port 53 is in what changes." },
  },
} as const

const connections = {
  type: "object",
  additionalProperties: false,
  required: ["pairs", "observed", "listed"],
  properties: {
    pairs: {
      type: "integer",
      minimum: 0,
      description:
        "Pairs of a workload and a workload or a run of outside addresses that changes alike, listed or not.",
    },
    observed: {
      type: "integer",
      minimum: 0,
      description:
        "Of these pairs, those of namespaces that are observed: what is denied there is only counted.",
    },
    listed: { type: "array", items: connectionChange, description: "The most telling first." },
  },
} as const

const finding = {
  type: "object",
  additionalProperties: false,
  required: ["code", "severity", "message", "path"],
  properties: {
    code: { type: "string", description: "See docs/diagnostics.md." },
    severity: { enum: ["error", "warning", "note"] },
    message: text,
    path: {
      type: "string",
      description: 'Field path in the object: "spec.ingress[0]"; "" for the whole object.',
    },
    namespaces: { ...texts, description: "Namespaces of whose pods or labels the message tells." },
  },
} as const

const failedAssertion = {
  type: "object",
  additionalProperties: false,
  required: ["assertion", "path", "text"],
  properties: {
    assertion: object,
    path: text,
    text,
    namespaces: { ...texts, description: "Namespaces besides the assertion's that the text names." },
  },
} as const

export const impactReportSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "What a change will do",
  type: "object",
  additionalProperties: false,
  required: [
    "key",
    "subject",
    "operation",
    "complete",
    "enforcement",
    "isolated",
    "released",
    "appearing",
    "disappearing",
    "nodes",
    "findings",
    "assertions",
    "hidden",
    "notes",
  ],
  properties: {
    key: {
      type: "string",
      description: "Names this report: a hash of the change and of what it was compared with.",
    },
    subject: {
      anyOf: [object, { type: "null" }],
      description:
        "Null where several objects change at once, or where it is of a namespace in which the requester may not list pods.",
    },
    operation: { enum: ["CREATE", "UPDATE", "DELETE"] },
    complete: {
      type: "boolean",
      description: "False where the time allowed was not enough: counts are then lower bounds.",
    },
    enforcement: {
      enum: ["enforce", "observe"],
      description: "observe: what disappears is only counted for now.",
    },
    isolated: { ...bothIsolations, description: "Pods that were open in a direction and are isolated then." },
    released: { ...bothIsolations, description: "Pods that were isolated in a direction and are open then." },
    appearing: connections,
    disappearing: connections,
    nodes: { ...texts, description: "Nodes whose ruleset changes." },
    findings: { type: "array", items: finding },
    assertions: {
      type: "array",
      items: failedAssertion,
      description: "ConnectivityAssertions that hold now and no longer then.",
    },
    hidden: {
      type: "object",
      additionalProperties: false,
      required: ["namespaces", "pods", "pairs", "nodes", "assertions"],
      properties: { namespaces: count, pods: count, pairs: count, nodes: count, assertions: count },
      description:
        "What would be listed and is not, as it names namespaces in which the requester may not list pods.",
    },
    notes: texts,
  },
} as const satisfies JSONSchema

export type ImpactReport = FromSchema<typeof impactReportSchema>
export type ImpactEnd = ImpactReport["appearing"]["listed"][number]["source"]
export type ImpactFinding = ImpactReport["findings"][number]
