// An answer in the form of src/api/explanation.ts.

import type { SourcePosition } from "../api/diagnostic.ts"
import type { AllowanceJson, DirectionJson, ExplanationJson, PolicyJson } from "../api/explanation.ts"
import type { Allowed, PortInterval } from "./allowed.ts"
import type { AllowedCase, Answer, AnswerCase } from "./inquiry.ts"
import type { Endpoint } from "./judge.ts"
import type { PolicyName } from "./policy-name.ts"
import type { DirectionExplanation } from "./verdict.ts"
import { endpointText } from "./words.ts"

/** Where a field of a policy stands; null where the policy did not come from a file. */
export type Locate = (policy: PolicyName, path: string) => SourcePosition | null

/** The question as it was written. */
export interface Asked {
  readonly from: string
  readonly to: string
  readonly port: string
}

/** An answer with all its cases, also where they are alike. */
export function wholeExplanationJson(asked: Asked, answer: Answer, locate: Locate): ExplanationJson {
  return {
    ...asked,
    verdict: answer.verdict,
    egress: directionJson(answer.egress, locate),
    ingress: directionJson(answer.ingress, locate),
    cases: answer.cases.map((each) => caseJson(each, locate)),
    notes: [...answer.notes],
  }
}

/** As it is printed: cases that are alike are told once. */
export function withoutLikeCases(explanation: ExplanationJson): ExplanationJson {
  return areAlike(explanation.cases) ? { ...explanation, cases: [] } : explanation
}

export function wholeAllowanceJson({ from, to }: Asked, cases: readonly AllowedCase[]): AllowanceJson {
  const [first, ...others] = cases.map((each) => allowedJson(each.allowed))
  const alike = others.every((other) => JSON.stringify(other) === JSON.stringify(first))
  return {
    from,
    to,
    allowed: (alike ? first : null) ?? null,
    cases: cases.map(({ connection, allowed }) => ({
      ...endsJson(connection.from, connection.to),
      allowed: allowedJson(allowed),
    })),
  }
}

export function withoutLikeAllowances(allowance: AllowanceJson): AllowanceJson {
  return allowance.allowed === null ? allowance : { ...allowance, cases: [] }
}

/** Every case has the same answer for the same reason. */
export function areAlike(cases: ExplanationJson["cases"]): boolean {
  const [first, ...others] = cases.map(reasonsKey)
  return others.every((each) => each === first)
}

/** The answer and its reasons; what was tried on the way may differ. */
export function reasonsKey({ egress, ingress }: Pick<ExplanationJson, "egress" | "ingress">): string {
  return JSON.stringify(
    [egress, ingress].map(
      (each) =>
        each && [
          each.verdict,
          each.observed,
          each.isolatedBy.map(nameOf),
          each.decidedBy && ruleOf(each.decidedBy),
        ],
    ),
  )
}

function nameOf({ kind, namespace, name }: PolicyName): PolicyName {
  return { kind, namespace, name }
}

function ruleOf(rule: NonNullable<DirectionJson["decidedBy"]>) {
  return { ...nameOf(rule), path: rule.path }
}

function casePortText({ port, ports }: AnswerCase): string {
  if (port.kind === "other" || ports === null) return port.protocol
  return `${intervalText(ports)}/${port.protocol}`
}

export function intervalText({ from, to }: PortInterval): string {
  return from === to ? `${from}` : `${from}-${to}`
}

function knownAddress({ address }: Endpoint): string | null {
  return address.kind === "known" ? address.text : null
}

function caseJson(each: AnswerCase, locate: Locate): ExplanationJson["cases"][number] {
  const { service } = each
  return {
    ...endsJson(each.from, each.to),
    port: casePortText(each),
    service: service && `${service.namespace}/${service.name}`,
    verdict: each.verdict,
    egress: directionJson(each.egress, locate),
    ingress: directionJson(each.ingress, locate),
  }
}

function endsJson(from: Endpoint, to: Endpoint) {
  return {
    from: endpointText(from),
    fromAddress: knownAddress(from),
    to: endpointText(to),
    toAddress: knownAddress(to),
    family: from.address.family,
  }
}

function allowedJson({ TCP, UDP, SCTP, ...rest }: Allowed): NonNullable<AllowanceJson["allowed"]> {
  return { TCP: [...TCP], UDP: [...UDP], SCTP: [...SCTP], ...rest }
}

function directionJson(direction: DirectionExplanation | null, locate: Locate): DirectionJson | null {
  if (direction === null) return null
  const { decidedBy } = direction
  return {
    verdict: direction.verdict,
    observed: direction.observed,
    isolatedBy: direction.isolatedBy.map((policy) => policyJson(policy, "spec", locate)),
    decidedBy: decidedBy && { ...policyJson(decidedBy, decidedBy.path, locate), path: decidedBy.path },
    trace: direction.trace.map(({ policy, path, outcome, text }) => {
      return { policy, path, outcome, text, ...placeJson(policy && locate(policy, path)) }
    }),
  }
}

function policyJson({ kind, namespace, name }: PolicyName, path: string, locate: Locate): PolicyJson {
  return { kind, namespace, name, ...placeJson(locate({ kind, namespace, name }, path)) }
}

function placeJson(position: SourcePosition | null) {
  return { file: position?.file ?? null, line: position?.line ?? null }
}
