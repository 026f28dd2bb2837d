// An answer in the form of src/api/explanation.ts.

import type { SourcePosition } from "../api/diagnostic.ts"
import type { AllowanceJson, DirectionJson, ExplanationJson, PolicyJson } from "../api/explanation.ts"
import type { Allowed, PortInterval } from "./allowed.ts"
import type { AllowedCase, Answer, AnswerCase } from "./inquiry.ts"
import type { Endpoint } from "./judge.ts"
import type { PolicyName } from "./policy-name.ts"
import { type DirectionExplanation, sameReasons } from "./verdict.ts"
import { endpointText } from "./words.ts"

/** Where a field of a policy stands; null where the policy did not come from a file. */
export type Locate = (policy: PolicyName, path: string) => SourcePosition | null

/** The question as it was written. */
export interface Asked {
  readonly from: string
  readonly to: string
  readonly port: string
}

export function explanationJson(asked: Asked, answer: Answer, locate: Locate): ExplanationJson {
  const alike = areAlike(answer.cases)
  return {
    ...asked,
    verdict: answer.verdict,
    egress: directionJson(answer.egress, locate),
    ingress: directionJson(answer.ingress, locate),
    cases: alike ? [] : answer.cases.map((each) => caseJson(each, locate)),
    notes: [...answer.notes],
  }
}

export function allowanceJson({ from, to }: Asked, cases: readonly AllowedCase[]): AllowanceJson {
  const [first, ...others] = cases.map((each) => allowedJson(each.allowed))
  const alike = others.every((other) => JSON.stringify(other) === JSON.stringify(first))
  return {
    from,
    to,
    allowed: (alike ? first : null) ?? null,
    cases: alike
      ? []
      : cases.map(({ connection, allowed }) => ({
          ...endsJson(connection.from, connection.to),
          allowed: allowedJson(allowed),
        })),
  }
}

/** Every case has the same answer for the same reason. */
export function areAlike(cases: readonly AnswerCase[]): boolean {
  const [first, ...others] = cases
  return others.every(
    (each) =>
      sameReasons(first?.egress ?? null, each.egress) && sameReasons(first?.ingress ?? null, each.ingress),
  )
}

export function casePortText({ port, ports }: AnswerCase): string {
  if (port.kind === "other" || ports === null) return port.protocol
  return `${intervalText(ports)}/${port.protocol}`
}

export function intervalText({ from, to }: PortInterval): string {
  return from === to ? `${from}` : `${from}-${to}`
}

export function knownAddress({ address }: Endpoint): string | null {
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
