// Policies that a class is made of.

import type { PolicyReference } from "../policy-ir.ts"
import type { PolicyClass } from "../program.ts"

export function policiesOf({ stages }: PolicyClass): readonly PolicyReference[] {
  const all = stages.flatMap(({ runs, isolatedBy }) => [
    ...runs.flatMap(({ origins }) => origins.map(({ policy }) => policy)),
    ...isolatedBy,
  ])
  return distinct(all)
}

/** Each policy once, in the order of its first mention. */
export function distinct(policies: readonly PolicyReference[]): readonly PolicyReference[] {
  const byText = new Map<string, PolicyReference>()
  for (const policy of policies) {
    const text = `${policy.kind}/${policy.namespace}/${policy.name}`
    if (!byText.has(text)) byText.set(text, policy)
  }
  return [...byText.values()]
}
