// networking.k8s.io/v1 NetworkPolicy as the evaluator judges it.
//
// Additive: it only ever accepts, and isolates the pods that it selects in the directions of which it
// speaks. It is final for its direction: an isolated pod is denied what no policy accepts.

import type { PolicyObject } from "../compile/snapshot.ts"
import type { Direction, Judge, Judgement, Likeness, Question } from "./judge.ts"
import { requirements } from "./labels.ts"
import { policyTypes, portsOf, rangeOf, ruleHolds, rulesOf, selectsPod } from "./networkpolicy-matching.ts"
import { describeNetworkPolicy } from "./networkpolicy-words.ts"
import { field } from "./raw.ts"

export const networkPolicyJudge: Judge = {
  place: () => ({ tier: { name: "NetworkPolicy", order: 200 }, priority: 0 }),
  judge,
  describe: describeNetworkPolicy,
  likeness,
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

/** Near another namespace's pod is only what would select it there, and says more than "every pod". */
function likeness(policy: PolicyObject): Likeness {
  const [first] = requirements(field(policy.spec, "podSelector"))
  if (first === undefined) return { kind: "none" }
  const [value, ...others] = first.values
  if (first.operator !== "In" || value === undefined || others.length > 0) return { kind: "any" }
  return { kind: "label", key: first.key, value }
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
