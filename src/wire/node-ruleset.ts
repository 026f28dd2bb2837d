// What the controller sends an agent: the whole ruleset of its node, and then what differs.
//
// Rules commented "generation" carry placeholders that only the agent fills in; the sets `revision` and
// `pod_interfaces` come empty, for the same reason.

import type { Plan } from "nftables-json/plan"
import type { Ruleset } from "nftables-json/schema"

export interface NodeRuleset {
  /** Grows with every change of the node's ruleset; 1 to 2^32 - 1, because the kernel carries it as a mark. */
  readonly revision: number
  readonly ruleset: Ruleset
  /**
   * As in an update, since what the agent held before. Rulesets do not say who owns an address: without it the new
   * owner of an address would go on with the connections of the old one.
   */
  readonly forget?: readonly string[]
}

/** The step from one revision to a later one. Its plan is computed from rendered rulesets alone. */
export interface NodeUpdate {
  readonly from: number
  readonly revision: number
  readonly plan: Plan
  /** Addresses that changed their owner or are owned no longer: none of their connections may live on. */
  readonly forget: readonly string[]
  /** Access may have been taken away; false only where the plan is proven to widen. */
  readonly narrows: boolean
}
