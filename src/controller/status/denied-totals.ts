// What nodes have denied, by the policies that deny.
//
// Agents count by chain since they began, and a chain is a class: its denials are those of every policy that isolates
// its pods. A policy's status adds up what all of its chains have denied.

import type { DenyName } from "../../compile/ruleset/deny-names.ts"
import type { DeniedCount } from "../../wire/messages.ts"
import { policyKey } from "./policy-key.ts"

/** What of a deny chain's meaning matters here. */
export type DenyChain = Pick<DenyName, "direction" | "policies" | "namespaces" | "observed">

export interface Denied {
  readonly ingress: number
  readonly egress: number
}

export interface DeniedTotals {
  report(node: string, counts: readonly DeniedCount[]): void
  dropNode(node: string): void
  /** Not taken yet. */
  pending(policy: string): Denied
  take(policy: string, taken: Denied): void
  dropPolicy(policy: string): void
  /** What others have counted. */
  add(policy: string, more: Denied): void
  /** Nothing is pending. */
  clear(): void
}

export interface DeniedTotalsOptions {
  readonly chainNamed: (node: string, chain: string) => DenyChain | undefined
  readonly onDenied: (chain: DenyChain, packets: number) => void
  /** What a policy has denied on nodes that report here. */
  readonly onCounted?: (policy: string, more: Denied) => void
}

/** Of one node, that are remembered. */
const MOST_CHAINS = 2_000

const none: Denied = { ingress: 0, egress: 0 }

export function createDeniedTotals({ chainNamed, onDenied, onCounted }: DeniedTotalsOptions): DeniedTotals {
  const counted = new Map<string, ReadonlyMap<string, number>>()
  const totals = new Map<string, Denied>()

  const add = (key: string, more: Denied): void => {
    const { ingress, egress } = totals.get(key) ?? none
    totals.set(key, { ingress: ingress + more.ingress, egress: egress + more.egress })
  }
  const count = (chain: DenyChain, packets: number): void => {
    onDenied(chain, packets)
    const more = { ...none, [chain.direction]: packets }
    for (const policy of chain.policies) {
      add(policyKey(policy), more)
      onCounted?.(policyKey(policy), more)
    }
  }
  return {
    report: (node, counts) => {
      const before = counted.get(node)
      counted.set(node, remembered(before, counts))
      // What a node has counted before its first report to this replica, another one may have added up.
      if (before === undefined) return
      for (const { chain, packets } of counts) {
        const last = before.get(chain) ?? 0
        // A counter that has fallen has begun anew, with its agent.
        const more = packets < last ? packets : packets - last
        const stands = more > 0 ? chainNamed(node, chain) : undefined
        if (stands !== undefined) count(stands, more)
      }
    },
    dropNode: (node) => void counted.delete(node),
    pending: (policy) => totals.get(policy) ?? none,
    take: (policy, taken) => {
      const { ingress, egress } = totals.get(policy) ?? none
      const rest = { ingress: ingress - taken.ingress, egress: egress - taken.egress }
      if (rest.ingress === 0 && rest.egress === 0) totals.delete(policy)
      else totals.set(policy, rest)
    },
    dropPolicy: (policy) => void totals.delete(policy),
    add,
    clear: () => totals.clear(),
  }
}

/** A report names the chains with the most: one that it leaves out has not begun anew. */
function remembered(
  before: ReadonlyMap<string, number> | undefined,
  counts: readonly DeniedCount[],
): ReadonlyMap<string, number> {
  const now = new Map(counts.map(({ chain, packets }) => [chain, packets]))
  for (const [chain, packets] of before ?? []) {
    if (now.size >= MOST_CHAINS) break
    if (!now.has(chain)) now.set(chain, packets)
  }
  return now
}
