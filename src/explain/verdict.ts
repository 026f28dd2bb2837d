// The answer to a question with its reasons: verdict(flow, world).
//
// A flow is asked once for every pair of addresses of one family; where the answers are alike they are one.

import type { AddressFamily } from "../compile/snapshot.ts"
import {
  type Connection,
  type ConnectionJudgement,
  type DirectionJudgement,
  judgeConnection,
  type Verdict,
} from "./evaluate.ts"
import type { Endpoint, Port } from "./judge.ts"
import { type PolicyName, policyName, sameName } from "./policy-name.ts"
import { type TraceStep, traceDirection } from "./trace.ts"
import { type End, endpointsOf, type World } from "./world.ts"

export interface Flow {
  readonly from: End
  readonly to: End
  readonly port: Port
  /** Addressed to a Service and sent to this end. */
  readonly throughService?: boolean
}

export interface DecidingRule extends PolicyName {
  /** "spec.ingress[0]". */
  readonly path: string
}

export interface DirectionExplanation {
  readonly verdict: Verdict | "Mixed"
  /** It would be denied, but what is denied here is only counted; of several cases one at least. */
  readonly observed: boolean
  readonly isolatedBy: readonly PolicyName[]
  /** Null where isolation or the default decided, or where the cases differ. */
  readonly decidedBy: DecidingRule | null
  readonly trace: readonly TraceStep[]
}

/** One pair of addresses. */
export interface Case {
  readonly family: AddressFamily
  readonly from: Endpoint
  readonly to: Endpoint
  readonly port: Port
  readonly verdict: Verdict
  /** Null where that end is no subject of policies. */
  readonly egress: DirectionExplanation | null
  readonly ingress: DirectionExplanation | null
}

export interface Explanation {
  readonly verdict: Verdict | "Mixed"
  readonly egress: DirectionExplanation | null
  readonly ingress: DirectionExplanation | null
  /** [] where the ends have no address of one family, or own none at all: then nothing can flow. */
  readonly cases: readonly Case[]
}

export function verdict(flow: Flow, world: World): Explanation {
  return combineCases(connectionsOf(flow, world).map((connection) => explainConnection(connection, world)))
}

/** Every pair of addresses of one family. */
export function connectionsOf(flow: Flow, world: World): readonly Connection[] {
  const { port, throughService = false } = flow
  const destinations = endpointsOf(flow.to, world)
  return endpointsOf(flow.from, world).flatMap((from) =>
    destinations
      .filter((to) => to.address.family === from.address.family)
      .map((to): Connection => ({ from, to, port, throughService })),
  )
}

export function explainConnection(connection: Connection, world: World): Case {
  const judged = judgeConnection(connection, world)
  const { from, to, port } = connection
  return {
    family: from.address.family,
    from,
    to,
    port,
    verdict: judged.verdict,
    egress: explainDirection("egress", { connection, judged }, world),
    ingress: explainDirection("ingress", { connection, judged }, world),
  }
}

/** Several cases as one answer; "Mixed" and without a trace where they differ. */
export function combineCases(cases: readonly Case[]): Explanation {
  return {
    verdict: combined(cases.map((each) => each.verdict)),
    egress: combineDirection(cases.map((each) => each.egress)),
    ingress: combineDirection(cases.map((each) => each.ingress)),
    cases,
  }
}

/** The same answer for the same reason; what was tried on the way may differ. */
export function sameReasons(a: DirectionExplanation | null, b: DirectionExplanation | null): boolean {
  const reasons = (each: DirectionExplanation | null) =>
    each && [each.verdict, each.observed, each.isolatedBy, each.decidedBy]
  return JSON.stringify(reasons(a)) === JSON.stringify(reasons(b))
}

function combineDirection(all: readonly (DirectionExplanation | null)[]): DirectionExplanation | null {
  const [first = null, ...others] = all
  if (others.every((other) => sameReasons(first, other))) return first
  const some = all.filter((each) => each !== null)
  const isolatedBy = some.flatMap((each) => each.isolatedBy)
  return {
    verdict: combined(all.map((each) => each?.verdict ?? "Allow")),
    observed: some.some((each) => each.observed),
    isolatedBy: isolatedBy.filter(
      (policy, i) => isolatedBy.findIndex((other) => sameName(policy, other)) === i,
    ),
    decidedBy: null,
    trace: [],
  }
}

/** No case at all: nothing can flow. */
function combined(verdicts: readonly (Verdict | "Mixed")[]): Verdict | "Mixed" {
  if (verdicts.every((each) => each === "Deny")) return "Deny"
  return verdicts.every((each) => each === "Allow") ? "Allow" : "Mixed"
}

interface Judged {
  readonly connection: Connection
  readonly judged: ConnectionJudgement
}

function explainDirection(
  direction: "egress" | "ingress",
  { connection, judged }: Judged,
  world: World,
): DirectionExplanation | null {
  const judgement: DirectionJudgement | null = judged[direction]
  if (judgement === null) return null
  const { decidedBy } = judgement
  return {
    verdict: judgement.verdict,
    observed: judgement.observed,
    isolatedBy: judgement.isolatedBy.map(policyName),
    decidedBy: decidedBy && { ...policyName(decidedBy.policy), path: decidedBy.path },
    trace: traceDirection({ connection, direction, judgement }, world),
  }
}
