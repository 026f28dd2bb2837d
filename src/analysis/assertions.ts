// ConnectivityAssertions checked against the policies: what each case gets, and what failed in a line.

import type { AssertedCase, AssertionCase, AssertionObject } from "../api/connectivity-assertion.ts"
import { type Diagnostic, type FieldPath, fieldPathText, type ObjectReference } from "../api/diagnostic.ts"
import { type Checked, good, mistakesOf } from "../explain/checked.ts"
import { type Answer, inquire } from "../explain/inquiry.ts"
import { type PortRequest, parsePortRequest } from "../explain/port-request.ts"
import { resolveReference } from "../explain/reference.ts"
import type { DirectionExplanation } from "../explain/verdict.ts"
import type { World } from "../explain/world.ts"

/** "error": it names what there is not, so nobody knows. */
export type CheckStatus = "met" | "failed" | "error"

export interface PortCheck {
  /** As it is written. */
  readonly port: string
  /** ["spec", "cases", 0, "ports", 1] */
  readonly path: FieldPath
  readonly status: CheckStatus
  /** Null for an error. */
  readonly answer: Answer | null
  /** Of an error. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface CaseCheck {
  readonly assertion: ObjectReference
  readonly asserted: AssertedCase
  /** An error on one port is the case's; else a failure on one. */
  readonly status: CheckStatus
  readonly ports: readonly PortCheck[]
}

/** A port of a case that does not have its verdict, or cannot have one. */
export interface FailedAssertion {
  readonly assertion: ObjectReference
  /** "spec.cases[0].ports[1]": with the assertion's name, what tells one failure from another. */
  readonly path: string
  readonly status: "failed" | "error"
  /** "shop/web → shop/db 5432/TCP is denied, expected Allow: ingress isolated by default-deny" */
  readonly text: string
}

export interface AssertionsToCheck {
  readonly world: World
  readonly assertions: readonly AssertionObject[]
  /** Past it the rest is left out; the caller, whose deadline it is, says so. */
  readonly deadline?: { readonly expired: () => boolean } | undefined
}

export function failedAssertions({
  world,
  assertions,
  deadline,
}: AssertionsToCheck): readonly FailedAssertion[] {
  const failed: FailedAssertion[] = []
  for (const assertion of assertions) {
    for (const asserted of assertion.cases) {
      if (deadline?.expired() === true) return failed
      const failures = failuresOf(checkCase(assertion, asserted, { world, deadline }))
      // What was given up in the middle is not what fails.
      if (deadline?.expired() === true) return failed
      failed.push(...failures)
    }
  }
  return failed
}

/** A port that there was no time for is an error. */
export function checkCase(
  assertion: AssertionObject,
  asserted: AssertedCase,
  { world, deadline }: Pick<AssertionsToCheck, "world" | "deadline">,
): CaseCheck {
  const { namespace, name } = assertion
  const ports = asserted.ports.map((port, i) =>
    checkPort({ ...asserted, namespace, port, path: [...asserted.path, "ports", i] }, { world, deadline }),
  )
  const worst = (["error", "failed"] as const).find((status) => ports.some((each) => each.status === status))
  const object = { kind: "ConnectivityAssertion", namespace, name }
  return { assertion: object, asserted, status: worst ?? "met", ports }
}

export interface AssertedPort {
  /** Where bare names are looked up. */
  readonly namespace: string
  readonly from: string
  readonly to: string
  readonly port: string
}

export interface AssertedAnswer {
  readonly answer: Answer
  readonly port: PortRequest
}

/** What the policies say about one port of a case, whatever is expected. */
export function askAsserted(
  asserted: AssertedPort,
  { world, deadline }: Pick<AssertionsToCheck, "world" | "deadline">,
): Checked<AssertedAnswer> {
  const scope = { world, namespace: asserted.namespace }
  const from = resolveReference(asserted.from, scope)
  const to = resolveReference(asserted.to, scope)
  const port = parsePortRequest(asserted.port)
  if (!from.ok || !to.ok || !port.ok) return { ok: false, diagnostics: mistakesOf([from, to, port]) }
  const answer = inquire({ from: from.value, to: to.value, port: port.value }, world, {
    pairs: Number.POSITIVE_INFINITY,
    // A range may be over thousands of ports that policies tell apart.
    expired: () => deadline?.expired() === true,
  })
  return answer.ok ? good({ answer: answer.value, port: port.value }) : answer
}

interface PortToCheck extends AssertedPort {
  readonly expect: AssertionCase["expect"]
  readonly path: FieldPath
}

function checkPort(
  { path, expect, ...asserted }: PortToCheck,
  asking: Pick<AssertionsToCheck, "world" | "deadline">,
): PortCheck {
  const { port } = asserted
  const asked = askAsserted(asserted, asking)
  if (!asked.ok) return { port, path, status: "error", answer: null, diagnostics: asked.diagnostics }
  const { answer } = asked.value
  const status = answer.verdict === expect ? "met" : "failed"
  return { port, path, status, answer, diagnostics: [] }
}

function failuresOf({ assertion, asserted, ports }: CaseCheck): readonly FailedAssertion[] {
  return ports.flatMap((each) => {
    if (each.status === "met") return []
    const text = `${asserted.from} → ${asserted.to} ${each.port} ${failureText(each, asserted.expect)}`
    return [{ assertion, path: fieldPathText(each.path), status: each.status, text }]
  })
}

/** "is denied, expected Allow: ingress isolated by default-deny", or what keeps it from being judged. */
export function failureText({ answer, diagnostics }: PortCheck, expect: AssertionCase["expect"]): string {
  if (answer === null) return `cannot be judged: ${diagnostics.map(({ message }) => message).join("; ")}`
  const reason = reasonText(answer)
  return `is ${verdictWords[answer.verdict]}, expected ${expect}${reason === "" ? "" : `: ${reason}`}`
}

const verdictWords = {
  Allow: "allowed",
  Deny: "denied",
  Mixed: "allowed for some and denied for others",
} as const

/** What denied, wholly or in part; where nothing did, what accepted; where nothing did that either, why not. */
function reasonText({ egress, ingress }: Answer): string {
  const directions = [
    ["egress", egress],
    ["ingress", ingress],
  ] as const
  const all = directions.flatMap(([name, each]) => (each === null ? [] : [{ name, each }]))
  const denied = all.filter(({ each }) => each.verdict !== "Allow")
  const decided = all.filter(({ each }) => each.observed || each.decidedBy !== null)
  if (denied.length === 0 && decided.length === 0) {
    return [...new Set(all.map(({ each }) => each.trace.at(-1)?.text ?? ""))].join(", ")
  }
  const told = denied.length > 0 ? denied : decided
  return told.map(({ name, each }) => `${name} ${directionText(each)}`).join(", ")
}

function directionText({ verdict, observed, decidedBy, isolatedBy, trace }: DirectionExplanation): string {
  const names = isolatedBy.map(({ name }) => name).join(", ")
  // An address that no known pod owns is denied by no policy.
  if (names === "") return verdict === "Deny" ? `denied: ${trace.at(-1)?.text ?? ""}` : "accepts a part"
  if (observed) return `only observed, else isolated by ${names}`
  if (decidedBy !== null) {
    return `${verdict === "Deny" ? "denied" : "accepted"} by ${decidedBy.name} ${decidedBy.path}`
  }
  return verdict === "Deny" ? `isolated by ${names}` : `isolated by ${names}, which accepts a part`
}
