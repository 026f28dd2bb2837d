// Every connection whose outcome was not the expected one, in words.

import { addressText, endpointText, portText } from "../../explain/words.ts"
import type { AssertionTry } from "./assertion-tries.ts"
import type { Tried } from "./trial.ts"
import type { Try } from "./tries.ts"

export interface Compared {
  readonly tried: readonly Tried<Try>[]
  readonly asserted: readonly Tried<AssertionTry>[]
}

export interface Mismatch {
  readonly from: string
  readonly to: string
  readonly port: string
  readonly expected: "allowed" | "denied"
  readonly actual: "allowed" | "denied"
  /** Name of the assertion that expected it; null for the reference evaluator. */
  readonly assertion: string | null
  readonly text: string
}

export function mismatchesOf({ tried, asserted }: Compared): readonly Mismatch[] {
  return [
    ...tried.filter((each) => !each.isExpected).map(evaluatorMismatch),
    ...asserted.filter((each) => !each.isExpected).map(assertionMismatch),
    ...asserted.filter((each) => each.isExpected && each.evaluated !== each.expected).map(evaluationMismatch),
  ]
}

function evaluatorMismatch({ connection, expected, result, service }: Tried<Try>): Mismatch {
  const { from, to, port } = connection
  const through = service === null ? "" : ` through Service ${service}`
  const names = { from: endpointText(from), to: endpointText(to), port: portText(port) }
  const text = `${names.from} → ${names.to} ${names.port} (${addressText(from.address)} to ${addressText(to.address)}${through})`
  return {
    ...names,
    expected,
    actual: result.verdict,
    assertion: null,
    text: `${text}: ${result.verdict}, expected ${expected}`,
  }
}

function assertionMismatch(each: Tried<AssertionTry>): Mismatch {
  const said =
    each.evaluated === each.expected ? "" : "; the policies say so too: the assertion does not hold"
  return ofAssertion(each, `${each.result.verdict}, expected ${each.expected}${said}`)
}

/** The kernel did what was asserted, and the evaluator thinks otherwise. */
function evaluationMismatch(each: Tried<AssertionTry>): Mismatch {
  return ofAssertion(
    each,
    `${each.result.verdict}, as asserted, but the reference evaluator expects ${each.evaluated}`,
  )
}

function ofAssertion(
  { request, expected, result, assertion, text }: Tried<AssertionTry>,
  what: string,
): Mismatch {
  const { from, to, protocol, port } = request
  const names = {
    from,
    to,
    port: protocol === "ICMP" || protocol === "OTHER" ? protocol : `${port}/${protocol}`,
  }
  return { ...names, expected, actual: result.verdict, assertion, text: `${assertion}: ${text}: ${what}` }
}
