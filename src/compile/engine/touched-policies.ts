// Policies that a batch may have changed for whoever shows them: it was set or deleted, or other pods are selected.
//
// Worked out when somebody asks, from what the batch noted: a pod that comes or goes costs one note.

import type { PolicyReference } from "../policy-ir.ts"
import { visitItems } from "./bag.ts"
import type { Batch } from "./batch-state.ts"
import { visitHolding } from "./selector-index.ts"
import type { EngineState, Expression } from "./state.ts"

/** As of the end of the batch; asked for before the next one. May name a policy that is as it was. */
export function touchedPolicies({ batch, policies }: EngineState): () => readonly PolicyReference[] {
  return () => {
    // Whatever there is came with the first batch.
    if (batch.number === 1) return Array.from(policies.values(), ({ policy }) => policy)
    const touched = new Map(batch.policies.map((each) => [each.text, each.policy] as const))
    for (const expression of touchedExpressions(batch)) {
      visitItems(expression.policies, ({ text, policy }) => touched.set(text, policy))
    }
    return [...touched.values()]
  }
}

function touchedExpressions({ populations, rematched, hostPods }: Batch): ReadonlySet<Expression> {
  const expressions = new Set(rematched)
  for (const { identity } of populations) for (const each of identity.expressions) expressions.add(each)
  for (const { namespace, labels } of hostPods) {
    const visit = (each: Expression) => expressions.add(each)
    visitHolding(namespace.expressions, labels, visit)
    for (const selector of namespace.selectors) visitHolding(selector.expressions, labels, visit)
  }
  return expressions
}
