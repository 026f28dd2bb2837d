// postern.dev/v1alpha1 ConnectivityAssertion -> cases.

import { type AssertionObject, assertionSchema } from "../api/connectivity-assertion.ts"
import { assertedCases } from "../explain/asserted-cases.ts"
import { type ObjectReading, readIdentity, readShape, subdomainNamed } from "./object-reading.ts"

export const ASSERTION = { apiVersion: "postern.dev/v1alpha1", kind: "ConnectivityAssertion" } as const

export function readAssertion(reading: ObjectReading): AssertionObject | undefined {
  const source = readShape(assertionSchema, reading)
  const identity = source && readIdentity(source.metadata, subdomainNamed, reading)
  if (source === undefined) return undefined
  const cases = assertedCases(source.spec, reading)
  return identity && { namespace: identity.namespace, name: identity.name, cases }
}
