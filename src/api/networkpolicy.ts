// networking.k8s.io/v1 NetworkPolicy.
//
// A frame is one level of the object, whatever is in its fields: a rule with one unreadable peer is still read,
// the peer alone matches nothing, and the mistakes of every level are told at once.

import type { FromSchema } from "json-schema-to-ts"
import { labelSelectorSchema } from "./label-selector.ts"

export const ipBlockSchema = {
  type: "object",
  additionalProperties: false,
  required: ["cidr"],
  properties: {
    cidr: { type: "string" },
    except: { type: "array", items: { type: "string" } },
  },
} as const

const networkPolicyPeerSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    podSelector: labelSelectorSchema,
    namespaceSelector: labelSelectorSchema,
    ipBlock: ipBlockSchema,
  },
} as const

export const networkPolicyPortSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    protocol: { type: "string", enum: ["TCP", "UDP", "SCTP"] },
    port: { type: ["integer", "string"] },
    endPort: { type: "integer" },
  },
} as const

const peers = { type: "array", items: networkPolicyPeerSchema } as const
const ports = { type: "array", items: networkPolicyPortSchema } as const
const policyTypes = { type: "array", items: { type: "string", enum: ["Ingress", "Egress"] } } as const

export const networkPolicySpecSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    podSelector: labelSelectorSchema,
    policyTypes,
    ingress: {
      type: "array",
      items: { type: "object", additionalProperties: false, properties: { from: peers, ports } },
    },
    egress: {
      type: "array",
      items: { type: "object", additionalProperties: false, properties: { to: peers, ports } },
    },
  },
} as const

const anything = {} as const
const list = { type: "array", items: anything } as const

export const networkPolicySpecFrame = {
  type: "object",
  additionalProperties: false,
  properties: { podSelector: anything, policyTypes, ingress: list, egress: list },
} as const

export const networkPolicyRuleFrames = {
  ingress: { type: "object", additionalProperties: false, properties: { from: list, ports: list } },
  egress: { type: "object", additionalProperties: false, properties: { to: list, ports: list } },
} as const

export const networkPolicyPeerFrame = {
  type: "object",
  additionalProperties: false,
  properties: { podSelector: anything, namespaceSelector: anything, ipBlock: anything },
} as const

export type NetworkPolicySpec = FromSchema<typeof networkPolicySpecSchema>
