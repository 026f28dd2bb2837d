// What the controller sends an agent: the whole ruleset of its node, and then what differs.
//
// Rules commented "generation" carry placeholders that only the agent fills in; the sets `revision` and
// `pod_interfaces` come empty, for the same reason.

import type { Plan } from "nftables-json/plan"
import type { Ruleset, Verdict } from "nftables-json/schema"

export interface NodeRuleset {
  /** Grows with every change of the node's ruleset; 1 to 2^32 - 1, because the kernel carries it as a mark. */
  readonly revision: number
  readonly ruleset: Ruleset
  /**
   * As in an update, since what the agent held before: without it the new owner of an address would go on with the
   * connections of the old one, on other nodes too.
   */
  readonly forget?: readonly string[]
  /** Every pod that is bound to the node and whose address the ruleset does not have yet. */
  readonly bindings?: readonly Binding[]
  readonly owners?: Owners
  /** When the cluster was as this says; kept beside the program, and sent when the next stream begins. */
  readonly asOf?: string
}

/**
 * metadata.uid of the pod that has a local address, by address: of every address in the maps `egress` and `ingress`.
 * The agent compares it with what the CNI plugin said: an address that has a new owner there is not judged as
 * its last one.
 */
export type Owners = Readonly<Record<string, string>>

/**
 * How a pod will be judged as soon as it has an address: what the maps `egress` and `ingress` will say for it. The agent
 * learns the address from the CNI plugin's result, 0.2 to 2 s before the API has it.
 */
export interface Binding {
  /** metadata.uid of the pod: CNI's argument K8S_POD_UID. */
  readonly uid: string
  readonly egress: Verdict
  readonly ingress: Verdict
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
  /** All bindings of the node, where any has changed. */
  readonly bindings?: readonly Binding[]
  /** Of addresses that are new or have another owner; an address that leaves the maps has none. */
  readonly owners?: Owners
  readonly asOf?: string
}
