// Whether the policies of a subject let anything through that a test describes: the order of tiers and actions.

import type { Direction, Rule } from "../../compile/policy-ir.ts"
import type { PolicyRecord } from "../cluster-view.ts"

/**
 * `policies` are all that select the subject, in order; `isAbout` says whether a rule decides what is asked.
 * It must answer for an Accept whether some of it is meant, for Deny and Pass whether all of it is.
 */
export function mayPass(
  policies: readonly PolicyRecord[],
  direction: Direction,
  isAbout: (rule: Rule) => boolean,
): boolean {
  for (const tier of Map.groupBy(policies, ({ ir }) => ir.tier.order).values()) {
    const rules = tier.flatMap(({ ir }) => ir[direction]?.rules ?? [])
    const deciding = rules.find((rule) => rule.action !== "Log" && isAbout(rule))
    if (deciding?.action === "Accept") return true
    if (deciding?.action === "Deny") return false
    if (deciding === undefined && tier.some(({ ir }) => ir[direction]?.isolates === true)) return false
  }
  return true
}
