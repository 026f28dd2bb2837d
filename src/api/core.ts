// What is read of Namespace, Pod, Node, Service and the kinds that make pods; other fields are left alone.

import type { FromSchema } from "json-schema-to-ts"
import { labelsSchema } from "./label-selector.ts"
import { metadataSchema } from "./metadata.ts"

const text = { type: "string" } as const
const texts = { type: "array", items: text } as const
const protocol = { type: "string", enum: ["TCP", "UDP", "SCTP"] } as const

const containerSchema = {
  type: "object",
  properties: {
    restartPolicy: text,
    ports: {
      type: "array",
      items: {
        type: "object",
        required: ["containerPort"],
        properties: { name: text, containerPort: { type: "integer" }, protocol },
      },
    },
  },
} as const

const podSpecSchema = {
  type: "object",
  properties: {
    nodeName: text,
    hostNetwork: { type: "boolean" },
    containers: { type: "array", items: containerSchema },
    initContainers: { type: "array", items: containerSchema },
  },
} as const

export const namespaceSchema = {
  type: "object",
  required: ["metadata"],
  properties: { metadata: metadataSchema },
} as const

export const podSchema = {
  type: "object",
  required: ["metadata"],
  properties: {
    metadata: metadataSchema,
    spec: podSpecSchema,
    status: {
      type: "object",
      properties: {
        phase: text,
        podIP: text,
        podIPs: { type: "array", items: { type: "object", properties: { ip: text } } },
      },
    },
  },
} as const

export const nodeSchema = {
  type: "object",
  required: ["metadata"],
  properties: {
    metadata: metadataSchema,
    spec: { type: "object", properties: { podCIDR: text, podCIDRs: texts } },
    status: {
      type: "object",
      properties: {
        addresses: {
          type: "array",
          items: { type: "object", required: ["type", "address"], properties: { type: text, address: text } },
        },
      },
    },
  },
} as const

export const serviceSchema = {
  type: "object",
  required: ["metadata"],
  properties: {
    metadata: metadataSchema,
    spec: {
      type: "object",
      properties: {
        selector: labelsSchema,
        clusterIP: text,
        clusterIPs: texts,
        ports: {
          type: "array",
          items: {
            type: "object",
            required: ["port"],
            properties: {
              name: text,
              protocol,
              port: { type: "integer" },
              targetPort: { type: ["integer", "string"] },
              nodePort: { type: "integer" },
            },
          },
        },
      },
    },
  },
} as const

const podTemplateSchema = {
  type: "object",
  properties: { metadata: metadataSchema, spec: podSpecSchema },
} as const

/** Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController and Job. */
export const workloadSchema = {
  type: "object",
  required: ["metadata", "spec"],
  properties: {
    metadata: metadataSchema,
    spec: {
      type: "object",
      required: ["template"],
      properties: { replicas: { type: "integer" }, template: podTemplateSchema },
    },
  },
} as const

export const cronJobSchema = {
  type: "object",
  required: ["metadata", "spec"],
  properties: {
    metadata: metadataSchema,
    spec: {
      type: "object",
      required: ["jobTemplate"],
      properties: {
        jobTemplate: {
          type: "object",
          required: ["spec"],
          properties: {
            spec: { type: "object", required: ["template"], properties: { template: podTemplateSchema } },
          },
        },
      },
    },
  },
} as const

export type PodManifest = FromSchema<typeof podSchema>
export type PodSpec = FromSchema<typeof podSpecSchema>
export type PodTemplate = FromSchema<typeof podTemplateSchema>
export type NodeManifest = FromSchema<typeof nodeSchema>
export type ServiceManifest = FromSchema<typeof serviceSchema>
