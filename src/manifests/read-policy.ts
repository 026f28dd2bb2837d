// Policies of every registered kind. An unknown field is an error here: it would be ignored in silence.

import { strictMetadataSchema } from "../api/metadata.ts"
import type { PolicyObject } from "../compile/snapshot.ts"
import type { PolicyKind } from "../kinds/kind.ts"
import { subdomainMistake } from "../kinds/label-syntax.ts"
import { type ObjectReading, readIdentity, readShape } from "./object-reading.ts"

const policySchema = {
  type: "object",
  additionalProperties: false,
  required: ["metadata", "spec"],
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: strictMetadataSchema,
    spec: {},
    status: {},
  },
} as const

export function readPolicy(kind: PolicyKind, reading: ObjectReading): PolicyObject | undefined {
  const source = readShape(policySchema, reading)
  const spec = reading.manifest.value["spec"]
  const naming = { namespaced: kind.namespaced, nameMistake: subdomainMistake }
  const identity = source && readIdentity(source.metadata, naming, reading)
  const { apiVersion, kind: kindName } = reading.manifest
  const { namespace = reading.namespace, name = "" } = identity ?? {}
  const annotations = source?.metadata.annotations
  const metadata = { name, namespace, ...(annotations === undefined ? {} : { annotations }) }
  const policy: PolicyObject = { apiVersion, kind: kindName, metadata, spec }
  // A policy without a usable name is checked all the same: every mistake is told at once.
  if (spec !== undefined && spec !== null) for (const each of kind.check(policy, "file")) reading.tell(each)
  return identity === undefined ? undefined : policy
}
