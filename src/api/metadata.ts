// meta/v1 ObjectMeta.

import type { FromSchema } from "json-schema-to-ts"
import { labelsSchema } from "./label-selector.ts"

const readProperties = {
  name: { type: "string" },
  generateName: { type: "string" },
  namespace: { type: "string" },
  labels: labelsSchema,
  annotations: labelsSchema,
  uid: { type: "string" },
  ownerReferences: {
    type: "array",
    items: {
      type: "object",
      properties: { kind: { type: "string" }, name: { type: "string" }, controller: { type: "boolean" } },
    },
  },
} as const

export const metadataSchema = { type: "object", properties: readProperties } as const

/** For kinds in which an unknown field is a mistake. */
export const strictMetadataSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    ...readProperties,
    resourceVersion: {},
    generation: {},
    creationTimestamp: {},
    deletionTimestamp: {},
    deletionGracePeriodSeconds: {},
    finalizers: {},
    managedFields: {},
    selfLink: {},
  },
} as const

export type Metadata = FromSchema<typeof metadataSchema>
