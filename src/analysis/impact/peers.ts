// Whom the rules that come and go speak of: to every other peer, the policies that change say what they said.

import type { Block, Rule } from "../../compile/policy-ir.ts"
import type { Identity, PolicyRecord } from "../cluster-view.ts"
import type { Moments } from "./moments.ts"
import { type ImpactScope, isPoliciesOnly, type PolicyChange } from "./scope.ts"

/** Identities that some rule which comes or goes holds; null where that may be anybody, addresses outside among them. */
export function concernedPeers(moments: Moments, scope: ImpactScope): ReadonlySet<Identity> | null {
  if (!isPoliciesOnly(scope)) return null
  const peers = new Set<Identity>()
  for (const policy of scope.policies) {
    const rules = differingRules(policy)
    if (rules === null) return null
    for (const { peers: some } of rules) {
      if (some.kind === "any" || some.blocks.length > 0) return null
      for (const expression of some.pods) {
        for (const view of [moments.before, moments.after]) {
          for (const identity of view.held(expression)) peers.add(identity)
        }
      }
    }
  }
  return peers
}

/** Null where more than rules differs: the subject, a direction, the isolation, or the order of what stays. */
function differingRules({ before, after }: PolicyChange): readonly Rule[] | null {
  if (before === undefined || after === undefined) return null
  if (headText(before) !== headText(after)) return null
  const ingress = differing(before.ir.ingress, after.ir.ingress)
  const egress = differing(before.ir.egress, after.ir.egress)
  return ingress === null || egress === null ? null : [...ingress, ...egress]
}

function headText({ ir: { tier, order, subject } }: PolicyRecord): string {
  return JSON.stringify([tier, order, subject], sortedSets)
}

function differing(before: Block | undefined, after: Block | undefined): readonly Rule[] | null {
  if (before === undefined && after === undefined) return []
  if (before === undefined || after === undefined || before.isolates !== after.isolates) return null
  const texts = { before: before.rules.map(ruleText), after: after.rules.map(ruleText) }
  const [was, is] = [new Set(texts.before), new Set(texts.after)]
  const staying = {
    before: texts.before.filter((each) => is.has(each)),
    after: texts.after.filter((each) => was.has(each)),
  }
  if (staying.before.join("\n") !== staying.after.join("\n")) return null
  return [
    ...before.rules.filter((_, i) => !is.has(texts.before[i] ?? "")),
    ...after.rules.filter((_, i) => !was.has(texts.after[i] ?? "")),
  ]
}

/** What a rule says, and not where it stands. */
function ruleText({ action, peers, ports }: Rule): string {
  return JSON.stringify([action, peers, ports], sortedSets)
}

function sortedSets(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...value].map(String).sort() : value
}
