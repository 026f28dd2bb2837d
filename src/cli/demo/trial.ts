// Tries connections in a lab and compares what happened with what was expected.

import type { Lab, ProbeRequest, ProbeResult } from "../../lab/lab.ts"

export interface Expectation {
  readonly request: ProbeRequest
  readonly expected: "allowed" | "denied"
}

export type Tried<T extends Expectation> = T & {
  readonly result: ProbeResult
  readonly isExpected: boolean
}

/** A connection that should have passed gets a second chance with more time: a busy machine is no denial. */
const patientTimeoutMs = 2000

export async function tryAll<T extends Expectation>(
  lab: Lab,
  expectations: readonly T[],
): Promise<readonly Tried<T>[]> {
  const first = await lab.probeAll(expectations.map((each) => each.request))
  const tried = expectations.map((each, index) => judged(each, first[index]))
  const late = tried.filter((each) => !each.isExpected && each.expected === "allowed")
  const second = await lab.probeAll(late.map(({ request }) => ({ ...request, timeoutMs: patientTimeoutMs })))
  const again = new Map(late.map((each, index) => [each, second[index]]))
  return tried.map((each) => (again.has(each) ? judged(each, again.get(each)) : each))
}

function judged<T extends Expectation>(expectation: T, result: ProbeResult | undefined): Tried<T> {
  if (result === undefined) throw new Error("a probe without a result")
  return { ...expectation, result, isExpected: result.verdict === expectation.expected }
}
