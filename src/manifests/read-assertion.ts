// postern.dev/v1alpha1 ConnectivityAssertion -> cases.

import {
  type AssertedCase,
  type AssertionObject,
  type AssertionSpec,
  assertionCaseSchema,
  assertionSchema,
} from "../api/connectivity-assertion.ts"
import type { FieldPath } from "../api/diagnostic.ts"
import { parsePortRequest } from "../explain/port-request.ts"
import { type ObjectReading, readIdentity, readShape, subdomainNamed } from "./object-reading.ts"

export const ASSERTION = { apiVersion: "postern.dev/v1alpha1", kind: "ConnectivityAssertion" } as const

/** `from` and `to` are references, resolved by whoever has the snapshot; every port is readable. */
export function readAssertion(reading: ObjectReading): AssertionObject | undefined {
  const source = readShape(assertionSchema, reading)
  const identity = source && readIdentity(source.metadata, subdomainNamed, reading)
  if (source === undefined) return undefined
  const cases = readCases(source.spec, reading)
  for (const { ports, path } of cases) {
    for (const [i, port] of ports.entries()) checkPort(port, [...path, "ports", i], reading)
  }
  return identity && { namespace: identity.namespace, name: identity.name, cases }
}

function readCases(
  { cases, admission: _admission, ...single }: AssertionSpec,
  { report }: ObjectReading,
): readonly AssertedCase[] {
  if (cases !== undefined) {
    const [also] = Object.keys(single)
    if (also !== undefined)
      report("assertionForm", { why: `${also} stands beside cases` }, ["spec", also], "key")
    return cases.map((each, i) => ({ ...each, path: ["spec", "cases", i] }))
  }
  const { from, to, ports, expect } = single
  if (from !== undefined && to !== undefined && ports !== undefined && expect !== undefined) {
    return [{ from, to, ports, expect, path: ["spec"] }]
  }
  const missing = assertionCaseSchema.required.filter((field) => !(field in single))
  if (missing.length < assertionCaseSchema.required.length) {
    for (const field of missing) report("missingField", { field }, ["spec"])
  } else report("assertionForm", { why: "there is no case" }, ["spec"])
  return []
}

function checkPort(port: string, at: FieldPath, { tell }: ObjectReading): void {
  const read = parsePortRequest(port)
  if (!read.ok) for (const each of read.diagnostics) tell({ ...each, path: at })
}
