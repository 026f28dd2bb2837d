// What was tried in one direction, in the order of evaluation, as steps in words.

import { type Connection, type DirectionJudgement, questionOf } from "./evaluate.ts"
import type { Direction, Question, Step } from "./judge.ts"
import { type PolicyName, policyName } from "./policy-name.ts"
import { comparePlaces, type RankedPolicy } from "./ranked-policy.ts"
import { endpointText } from "./words.ts"
import type { World } from "./world.ts"

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
/** Of a cluster where thousands of policies are a little like the subject. */
const MOST_LOOKED_AT = 1_000

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
  const { pod } = question.subject
  const own = world.policiesFor(pod.namespace)
  const last = own.find(({ policy }) => policy === judgement.decidedBy?.policy)
  const tried = [...upTo(last, own)]
  const selecting = tried.filter(({ policy, judge }) => judge.judge(policy, question).selects)
  const others = tried.filter((ranked) => !selecting.includes(ranked))
  return [
    ...selecting.flatMap((ranked) => stepsOf(ranked, question)),
    ...nearMisses([others, firstOf(upTo(last, world.policiesElsewhere(pod)))], question),
    conclusion(question, judgement),
  ]
}

/** Policies behind the one that decided were not tried. */
function* upTo(last: RankedPolicy | undefined, policies: Iterable<RankedPolicy>): Iterable<RankedPolicy> {
  for (const ranked of policies) {
    if (last !== undefined && comparePlaces(ranked, last) > 0) return
    yield ranked
  }
}

function* firstOf(policies: Iterable<RankedPolicy>): Iterable<RankedPolicy> {
  let looked = 0
  for (const ranked of policies) {
    if (++looked > MOST_LOOKED_AT) return
    yield ranked
  }
}

function stepsOf({ policy, judge }: RankedPolicy, question: Question): readonly TraceStep[] {
  return judge.describe(policy, question).map((step) => ({ policy: policyName(policy), ...step }))
}

/** No more is looked for than is told: there may be thousands of policies. */
function nearMisses(others: readonly Iterable<RankedPolicy>[], question: Question): readonly TraceStep[] {
  const found: TraceStep[] = []
  for (const policies of others) {
    for (const ranked of policies) {
      found.push(...stepsOf(ranked, question))
      if (found.length >= MOST_NEAR_MISSES) return found.slice(0, MOST_NEAR_MISSES)
    }
  }
  return found
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
