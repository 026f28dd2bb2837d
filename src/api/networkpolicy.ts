// networking.k8s.io/v1 NetworkPolicy.
//
// A frame is one level of the object, whatever its list items are: a rule with one unreadable peer is still
// read, the peer alone matches nothing.

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

export const networkPolicyPeerSchema = {
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

const listOfAnything = { type: "array", items: {} } as const
const listOfPeers = { type: "array", items: networkPolicyPeerSchema } as const
const listOfPorts = { type: "array", items: networkPolicyPortSchema } as const

export const ingressRuleFrame = {
  type: "object",
  additionalProperties: false,
  properties: { from: listOfAnything, ports: listOfAnything },
} as const

export const egressRuleFrame = {
  type: "object",
  additionalProperties: false,
  properties: { to: listOfAnything, ports: listOfAnything },
} as const

const ingressRuleSchema = {
  ...ingressRuleFrame,
  properties: { from: listOfPeers, ports: listOfPorts },
} as const

const egressRuleSchema = { ...egressRuleFrame, properties: { to: listOfPeers, ports: listOfPorts } } as const

const policyTypesSchema = { type: "array", items: { type: "string", enum: ["Ingress", "Egress"] } } as const

export const networkPolicySpecFrame = {
  type: "object",
  additionalProperties: false,
  properties: {
    podSelector: labelSelectorSchema,
    policyTypes: policyTypesSchema,
    ingress: listOfAnything,
    egress: listOfAnything,
  },
} as const

export const networkPolicySpecSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    podSelector: labelSelectorSchema,
    policyTypes: policyTypesSchema,
    ingress: { type: "array", items: ingressRuleSchema },
    egress: { type: "array", items: egressRuleSchema },
  },
} as const

export type NetworkPolicySpec = FromSchema<typeof networkPolicySpecSchema>
export type NetworkPolicySpecFrame = FromSchema<typeof networkPolicySpecFrame>
export type NetworkPolicyPeer = FromSchema<typeof networkPolicyPeerSchema>
export type NetworkPolicyPort = FromSchema<typeof networkPolicyPortSchema>
export type IpBlock = FromSchema<typeof ipBlockSchema>
