// The order in which policies are tried: tiers by order, in a tier policies by (order, kind, namespace, name).

import type { PolicyIr } from "./policy-ir.ts"

type Placed = Pick<PolicyIr, "tier" | "order" | "policy">

export function comparePolicies(a: Placed, b: Placed): number {
  return (
    a.tier.order - b.tier.order ||
    a.order - b.order ||
    compareText(a.policy.kind, b.policy.kind) ||
    compareText(a.policy.namespace, b.policy.namespace) ||
    compareText(a.policy.name, b.policy.name)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
