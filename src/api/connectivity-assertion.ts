// postern.dev/v1alpha1 ConnectivityAssertion: what must and what must not be reachable.
//
// One case in spec, or a list of them in spec.cases; crds/ holds the CRD that is written from here.

import type { FromSchema } from "json-schema-to-ts"
import type { FieldPath } from "./diagnostic.ts"
import { strictMetadataSchema } from "./metadata.ts"

const caseProperties = {
  from: {
    type: "string",
    description:
      "Who starts the connection: namespace/pod, namespace/kind/name for a workload, node/name, or an IP address.",
  },
  to: {
    type: "string",
    description: "Who is called: as in from, and a Service as namespace/svc/name.",
  },
  ports: {
    type: "array",
    minItems: 1,
    items: { type: "string" },
    description: 'What is called: "80/TCP", "5000-5010/UDP", "http/TCP" for a named port, or "ICMP".',
  },
  expect: { type: "string", enum: ["Allow", "Deny"], description: "Every port must have this verdict." },
} as const

const required = ["from", "to", "ports", "expect"] as const

export const assertionCaseSchema = {
  type: "object",
  additionalProperties: false,
  required,
  properties: caseProperties,
} as const

export const assertionSpecSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    ...caseProperties,
    cases: {
      type: "array",
      minItems: 1,
      items: assertionCaseSchema,
      description: "Several cases in one object.",
    },
    admission: {
      type: "string",
      enum: ["Warn", "Refuse"],
      description:
        "What a change of this namespace's policies gets at admission that would make a case fail which holds now. " +
        "All other changes are warned of, whatever it says. Warn by default.",
    },
  },
} as const

export const assertionSchema = {
  type: "object",
  additionalProperties: false,
  required: ["metadata", "spec"],
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: strictMetadataSchema,
    spec: assertionSpecSchema,
  },
} as const

export type AssertionCase = FromSchema<typeof assertionCaseSchema>
export type AssertionSpec = FromSchema<typeof assertionSpecSchema>

export interface AssertedCase extends AssertionCase {
  /** Where it stands in the object: ["spec"] or ["spec", "cases", 0]. */
  readonly path: FieldPath
}

/** As it is read, from a file or from the API server. */
export interface AssertionObject {
  readonly namespace: string
  readonly name: string
  readonly cases: readonly AssertedCase[]
}
