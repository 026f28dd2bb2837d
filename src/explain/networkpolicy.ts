// networking.k8s.io/v1 NetworkPolicy as the evaluator judges it.
//
// Additive: it only ever accepts, and isolates the pods that it selects in the directions of which it
// speaks. It is final for its direction: an isolated pod is denied what no policy accepts.

import type { PolicyObject } from "../compile/snapshot.ts"
import type { Direction, Judge, Judgement, Question } from "./judge.ts"
import { policyTypes, portsOf, rangeOf, ruleHolds, rulesOf, selectsPod } from "./networkpolicy-matching.ts"
import { describeNetworkPolicy } from "./networkpolicy-words.ts"

export const networkPolicyJudge: Judge = {
  place: () => ({ tier: { name: "NetworkPolicy", order: 200 }, priority: 0 }),
  judge,
  describe: describeNetworkPolicy,
  portBounds,
}

function judge(policy: PolicyObject, question: Question): Judgement {
  const { direction } = question
  const selects = selectsPod(policy, question.subject.pod)
  if (!selects || !policyTypes(policy.spec).includes(direction)) {
    return { selects, isolates: false, decision: null }
  }
  const accepting = rulesOf(policy.spec, direction).findIndex((rule) => ruleHolds(rule, policy, question))
  if (accepting < 0) return { selects, isolates: true, decision: null }
  return { selects, isolates: true, decision: { action: "Accept", path: `spec.${direction}[${accepting}]` } }
}

function portBounds(policy: PolicyObject): readonly number[] {
  const directions: readonly Direction[] = ["ingress", "egress"]
  return directions
    .flatMap((direction) => rulesOf(policy.spec, direction))
    .flatMap((rule) => portsOf(rule))
    .flatMap((port) => {
      const range = rangeOf(port)
      return range === null ? [] : [range.from, range.to + 1]
    })
}
