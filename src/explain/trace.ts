// What was tried in one direction, in the order of evaluation, as steps in words.

import { type Connection, type DirectionJudgement, questionOf } from "./evaluate.ts"
import type { Direction, Question, Step } from "./judge.ts"
import { type PolicyName, policyName } from "./policy-name.ts"
import { endpointText } from "./words.ts"
import type { RankedPolicy, World } from "./world.ts"

export interface TraceStep extends Step {
  /** Null for what no policy says: isolation, exemptions, the default. */
  readonly policy: PolicyName | null
}

export interface Traced {
  readonly connection: Connection
  readonly direction: Direction
  readonly judgement: DirectionJudgement
}

/** Policies that nearly selected the subject are worth naming, but not hundreds of them. */
const MOST_NEAR_MISSES = 3

export function traceDirection(
  { connection, direction, judgement }: Traced,
  world: World,
): readonly TraceStep[] {
  if (judgement.exemption !== null) {
    const outcome = judgement.verdict === "Allow" ? "accepts" : "denies"
    return [{ policy: null, path: "", outcome, text: judgement.exemption }]
  }
  const question = questionOf(connection, direction, world)
  if (question === null) return []
  const tried = world.policies.slice(0, endOfTrying(judgement, world))
  const selecting = tried.filter(({ policy, judge }) => judge.judge(policy, question).selects)
  const others = tried.filter((ranked) => !selecting.includes(ranked))
  return [
    ...selecting.flatMap((ranked) => stepsOf(ranked, question)),
    ...nearMisses(others, question),
    conclusion(question, judgement),
  ]
}

/** Policies behind the one that decided were not tried. */
function endOfTrying({ decidedBy }: DirectionJudgement, world: World): number {
  if (decidedBy === null) return world.policies.length
  return world.policies.findIndex(({ policy }) => policy === decidedBy.policy) + 1
}

function stepsOf({ policy, judge }: RankedPolicy, question: Question): readonly TraceStep[] {
  return judge.describe(policy, question).map((step) => ({ policy: policyName(policy), ...step }))
}

/** Those of the subject's own namespace first. */
function nearMisses(others: readonly RankedPolicy[], question: Question): readonly TraceStep[] {
  const { namespace } = question.subject.pod
  const isOwn = ({ policy }: RankedPolicy) => policy.metadata.namespace === namespace
  return [...others.filter(isOwn), ...others.filter((ranked) => !isOwn(ranked))]
    .flatMap((ranked) => stepsOf(ranked, question))
    .slice(0, MOST_NEAR_MISSES)
}

function conclusion(question: Question, judgement: DirectionJudgement): TraceStep {
  const outcome = judgement.verdict === "Allow" ? "accepts" : "denies"
  return { policy: null, path: "", outcome, text: conclusionText(question, judgement) }
}

function conclusionText({ subject, direction }: Question, judgement: DirectionJudgement): string {
  const who = endpointText(subject)
  const { observed, verdict } = judgement
  const denied = observed
    ? `it would be denied, but namespace ${subject.pod.namespace} is only observed`
    : "denied"
  if (judgement.decidedBy !== null) {
    const { policy, path } = judgement.decidedBy
    return `${path} of ${policy.kind} ${policy.metadata.name} decides: ${observed ? denied : verdict}`
  }
  if (verdict === "Allow" && !observed)
    return `nothing isolates the ${direction} of ${who}: allowed by default`
  const names = judgement.isolatedBy.map((policy) => policy.metadata.name).join(", ")
  return `${names} isolates the ${direction} of ${who} and nothing accepts this: ${denied}`
}
