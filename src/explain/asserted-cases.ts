// The cases of a ConnectivityAssertion, with every mistake in them: one in spec, or a list.

import { type AssertedCase, type AssertionSpec, assertionCaseSchema } from "../api/connectivity-assertion.ts"
import type { FieldPath } from "../api/diagnostic.ts"
import type { Collector } from "../api/report.ts"
import { parsePortRequest } from "./port-request.ts"

type Told = Pick<Collector, "report" | "tell">

/** `from` and `to` are references, resolved by whoever has the cluster. */
export function assertedCases(spec: AssertionSpec, told: Told): readonly AssertedCase[] {
  const cases = casesIn(spec, told)
  for (const { ports, path } of cases) {
    for (const [i, port] of ports.entries()) checkPort(port, [...path, "ports", i], told)
  }
  return cases
}

function casesIn(
  { cases, admission: _admission, ...single }: AssertionSpec,
  { report }: Told,
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

function checkPort(port: string, at: FieldPath, { tell }: Told): void {
  const read = parsePortRequest(port)
  if (!read.ok) for (const each of read.diagnostics) tell({ ...each, path: at })
}
