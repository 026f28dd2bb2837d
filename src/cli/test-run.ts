// Assertions found, filtered and judged; what comes of it is printed in several forms.

import { type CaseCheck, checkCase, failureText } from "../analysis/assertions.ts"
import { printable } from "../analysis/printable.ts"
import type { AssertionObject } from "../api/connectivity-assertion.ts"
import {
  type FieldPath,
  fieldPathText,
  type ObjectReference,
  type SourcePosition,
} from "../api/diagnostic.ts"
import type { TestedCase, TestReport } from "../api/test-report.ts"
import type { World } from "../explain/world.ts"

/** Where an assertion, or a field of it, stands; nowhere for an object of a cluster. */
export type Positions = (object: ObjectReference, path: FieldPath) => SourcePosition | undefined

export interface TestedCheck extends CaseCheck {
  readonly position: SourcePosition | undefined
}

export interface AssertionsToTest {
  readonly assertions: readonly AssertionObject[]
  readonly positions: Positions
  /** Looked for in every case; "" for all. */
  readonly filter: string
}

export function runTests(
  { assertions, positions, filter }: AssertionsToTest,
  world: World,
): readonly TestedCheck[] {
  const wanted = filter.toLowerCase()
  return assertions.flatMap((assertion) => {
    const { namespace, name, cases } = assertion
    return cases
      .filter(({ from, to, ports, expect }) =>
        `${namespace}/${name} ${from} → ${to} ${ports.join(" ")} ${expect}`.toLowerCase().includes(wanted),
      )
      .map((asserted) => {
        const check = checkCase(assertion, asserted, { world })
        return { ...printableCheck(check), position: positions(check.assertion, asserted.path) }
      })
  })
}

/** An assertion's text is anybody's: it must not steer a terminal. */
function printableCheck({ asserted, ports, ...check }: CaseCheck): CaseCheck {
  const { from, to } = asserted
  return {
    ...check,
    asserted: {
      ...asserted,
      from: printable(from),
      to: printable(to),
      ports: asserted.ports.map(printable),
    },
    ports: ports.map((each) => ({ ...each, port: printable(each.port) })),
  }
}

export function caseCount(assertions: readonly AssertionObject[]): number {
  return assertions.reduce((total, { cases }) => total + cases.length, 0)
}

export function testReport(checks: readonly TestedCheck[]): TestReport {
  const counted = (status: CaseCheck["status"]) => checks.filter((each) => each.status === status).length
  const [met, failed, errors] = [counted("met"), counted("failed"), counted("error")]
  return { ok: failed + errors === 0, met, failed, errors, cases: checks.map(testedCase) }
}

function testedCase({ assertion, asserted, status, ports, position }: TestedCheck): TestedCase {
  const { from, to, expect, path } = asserted
  return {
    namespace: assertion.namespace,
    name: assertion.name,
    path: fieldPathText(path),
    file: position?.file ?? null,
    line: position?.line ?? null,
    from,
    to,
    expect,
    status,
    ports: ports.map((each) => ({
      port: each.port,
      status: each.status,
      verdict: each.answer?.verdict ?? null,
      message: each.status === "met" ? "" : failureText(each, expect),
    })),
  }
}
