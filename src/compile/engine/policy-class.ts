// Policies that hold a pod, in their order of evaluation, as stages of runs.
//
// Rules of one action that follow each other in a tier have no order among them, whatever policies they
// come from: each such run is one. In the NetworkPolicy tier, where every rule accepts, that is all of them.

import type { Action, Direction } from "../policy-ir.ts"
import type { PolicyClass, Run, Stage } from "../program.ts"
import type { ContainerPort } from "../snapshot.ts"
import { classKey } from "./class-key.ts"
import type { NeededSets } from "./peer-union.ts"
import { buildRun, canMatch, type Subject } from "./run.ts"
import type { PolicyRecord, PolicyRule } from "./state.ts"

export interface ClassDraft {
  readonly policyClass: PolicyClass
  readonly needed: NeededSets
}

/** `policies` in their order; `ports` are the subject's, on which ingress port names are resolved. */
export function buildClass(
  direction: Direction,
  policies: readonly PolicyRecord[],
  ports: readonly ContainerPort[],
): ClassDraft {
  const needed: NeededSets = { addresses: null, namedPorts: null }
  const stages: Stage[] = []
  for (const tier of tiersOf(policies.filter((each) => each[direction] !== null))) {
    const stage = buildStage(tier, { direction, ports, needed })
    if (stage.runs.length > 0 || stage.isolatedBy.length > 0) stages.push(stage)
  }
  return { policyClass: { key: classKey(direction, stages), direction, stages }, needed }
}

/** The order of evaluation. */
export function comparePolicies(a: PolicyRecord, b: PolicyRecord): number {
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

type Tier = readonly [PolicyRecord, ...PolicyRecord[]]

function tiersOf(policies: readonly PolicyRecord[]): readonly Tier[] {
  const tiers: [PolicyRecord, ...PolicyRecord[]][] = []
  for (const policy of policies) {
    const last = tiers.at(-1)
    if (last?.[0].tier.order === policy.tier.order) last.push(policy)
    else tiers.push([policy])
  }
  return tiers
}

function buildStage(policies: Tier, subject: Subject): Stage {
  const { direction } = subject
  const isolating = policies.filter((each) => each[direction]?.isolates)
  return {
    tier: policies[0].tier,
    runs: buildRuns(
      policies.flatMap((each) => each[direction]?.rules ?? []),
      subject,
    ),
    isolatedBy: isolating.map(({ policy }) => policy),
  }
}

/** Rules that follow each other with the same action; what cannot match separates nothing. */
function buildRuns(rules: readonly PolicyRule[], subject: Subject): readonly Run[] {
  const groups: { readonly action: Action; readonly rules: PolicyRule[] }[] = []
  for (const rule of rules) {
    if (!canMatch(rule, subject)) continue
    const last = groups.at(-1)
    if (last?.action === rule.action) last.rules.push(rule)
    else groups.push({ action: rule.action, rules: [rule] })
  }
  return groups.map((group) => buildRun(group.action, group.rules, subject))
}
