// Settings that the ruleset of every node is rendered with.

import type { Enforcement } from "../snapshot.ts"

export interface RulesetOptions {
  /** Bits of the connection mark that carry the generation; adjacent, two or more. */
  readonly mask: number
  /** The generation written where the agent will put its own: 1 to all bits of the mask less one. */
  readonly generation: number
  /** Netlink log group of denials and Log rules. */
  readonly logGroup: number
  /** TCP to or from a pod that conntrack meets in mid-stream. */
  readonly midStream: "drop" | "accept"
  /** Broadcast and multicast from a pod to pods: dropped where a local pod is ingress-isolated, or never. */
  readonly multicast: "drop-when-isolated" | "accept"
  /** A change of policy applies to established connections too. */
  readonly establishedRecheck: boolean
  /** The cluster's mode, which the fixed drops follow; classes follow the mode of their pods' namespace (engine). */
  readonly enforcement: Enforcement
}

export const defaultRulesetOptions: RulesetOptions = {
  mask: 0xff000000,
  generation: 1,
  logGroup: 100,
  midStream: "drop",
  multicast: "drop-when-isolated",
  establishedRecheck: true,
  enforcement: "enforce",
}

/** The mark of the generation in force, in the bits of the mask. */
export function markOf({ mask, generation }: RulesetOptions): number {
  return generation * ((mask & -mask) >>> 0)
}

/** What chains named by their content depend on beside the program; a new layout gets a new number. */
export function fingerprint({ mask, logGroup, establishedRecheck }: RulesetOptions): string {
  return `layout 2, mask ${mask}, group ${logGroup}, recheck ${establishedRecheck}`
}
