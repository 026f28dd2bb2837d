// What `postern explain -o json` prints. docs/schemas/explain.json is written from here.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"

const verdict = { enum: ["Allow", "Deny", "Mixed"] } as const

/** File and line are null where a policy did not come from a file. */
const place = {
  file: { type: ["string", "null"] },
  line: { type: ["integer", "null"], minimum: 1 },
} as const

const policy = {
  type: "object",
  additionalProperties: false,
  required: ["kind", "namespace", "name", "file", "line"],
  properties: {
    kind: { type: "string" },
    namespace: { type: "string", description: "Empty for a cluster-wide kind." },
    name: { type: "string" },
    ...place,
  },
} as const

const rule = {
  type: "object",
  additionalProperties: false,
  required: [...policy.required, "path"],
  properties: { ...policy.properties, path: { type: "string", description: 'E.g. "spec.ingress[0]".' } },
} as const

const step = {
  type: "object",
  additionalProperties: false,
  required: ["policy", "path", "outcome", "text", "file", "line"],
  properties: {
    policy: {
      anyOf: [
        {
          type: "object",
          additionalProperties: false,
          required: ["kind", "namespace", "name"],
          properties: { kind: { type: "string" }, namespace: { type: "string" }, name: { type: "string" } },
        },
        { type: "null" },
      ],
      description: "Null for what no policy says: isolation, exemptions, the default.",
    },
    path: { type: "string" },
    outcome: {
      enum: ["selects", "accepts", "denies", "passes", "logs", "no-match", "near-miss", "assumed"],
    },
    text: { type: "string" },
    ...place,
  },
} as const

const direction = {
  anyOf: [
    {
      type: "object",
      additionalProperties: false,
      required: ["verdict", "observed", "isolatedBy", "decidedBy", "trace"],
      properties: {
        verdict,
        observed: {
          type: "boolean",
          description: "It would be denied, but its namespace, or the cluster, is only observed.",
        },
        isolatedBy: { type: "array", items: policy },
        decidedBy: {
          anyOf: [rule, { type: "null" }],
          description: "Null where isolation or the default decided, or where the cases differ.",
        },
        trace: { type: "array", items: step },
      },
    },
    { type: "null" },
  ],
  description: "Null where that end is no subject of policies.",
} as const

const ends = {
  from: { type: "string" },
  fromAddress: { type: ["string", "null"], description: "Null where it is not known." },
  to: { type: "string" },
  toAddress: { type: ["string", "null"] },
  family: { enum: ["IPv4", "IPv6"] },
} as const

const portRanges = {
  type: "array",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["from", "to"],
    properties: { from: { type: "integer" }, to: { type: "integer" } },
  },
} as const

const allowed = {
  type: "object",
  additionalProperties: false,
  required: ["TCP", "UDP", "SCTP", "other", "observed"],
  properties: {
    TCP: portRanges,
    UDP: portRanges,
    SCTP: portRanges,
    other: { type: "boolean", description: "ICMP and every other protocol without ports." },
    observed: { type: "boolean", description: "Some of it would be denied, but is only observed." },
  },
} as const

const explanation = {
  type: "object",
  title: "The answer about one port",
  additionalProperties: false,
  required: ["from", "to", "port", "verdict", "egress", "ingress", "cases", "notes"],
  properties: {
    from: { type: "string" },
    to: { type: "string" },
    port: { type: "string" },
    verdict,
    egress: direction,
    ingress: direction,
    cases: {
      type: "array",
      description: "Every pod, family and port, where their answers differ; otherwise empty.",
      items: {
        type: "object",
        additionalProperties: false,
        required: [
          "from",
          "fromAddress",
          "to",
          "toAddress",
          "family",
          "port",
          "service",
          "verdict",
          "egress",
          "ingress",
        ],
        properties: {
          ...ends,
          port: { type: "string" },
          service: { type: ["string", "null"], description: "The Service that led there." },
          verdict,
          egress: direction,
          ingress: direction,
        },
      },
    },
    notes: { type: "array", items: { type: "string" } },
  },
} as const

const allowance = {
  type: "object",
  title: "The answer without --port: everything that may flow",
  additionalProperties: false,
  required: ["from", "to", "allowed", "cases"],
  properties: {
    from: { type: "string" },
    to: { type: "string" },
    allowed: { anyOf: [allowed, { type: "null" }], description: "Null where the cases differ." },
    cases: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["from", "fromAddress", "to", "toAddress", "family", "allowed"],
        properties: { ...ends, allowed },
      },
    },
  },
} as const

export const explainSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern explain -o json",
  oneOf: [explanation, allowance],
} as const satisfies JSONSchema

export type ExplanationJson = FromSchema<typeof explanation>
export type AllowanceJson = FromSchema<typeof allowance>
export type DirectionJson = NonNullable<ExplanationJson["egress"]>
export type PolicyJson = DirectionJson["isolatedBy"][number]
