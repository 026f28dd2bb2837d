// Policies that hold a pod, in their order of evaluation, as stages of runs.
//
// Rules of one action that follow each other in a tier have no order among them, whatever policies they
// come from: each such run is one. In the NetworkPolicy tier, where every rule accepts, that is all of them.

import type { Direction } from "../policy-ir.ts"
import type { PolicyClass, Run, Stage } from "../program.ts"
import type { ContainerPort } from "../snapshot.ts"
import { NONE } from "./bag.ts"
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
  for (let from = 0; from < policies.length; ) {
    const to = endOfTier(policies, from)
    const tier = from === 0 && to === policies.length ? policies : policies.slice(from, to)
    const stage = buildStage(tier, { direction, ports, needed })
    if (stage !== null) stages.push(stage)
    from = to
  }
  const exact = stages.length === 0 ? NONE : stages.slice()
  return { policyClass: { key: classKey(direction, exact), direction, stages: exact }, needed }
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

function endOfTier(policies: readonly PolicyRecord[], from: number): number {
  const order = policies[from]?.tier.order
  let to = from + 1
  while (to < policies.length && policies[to]?.tier.order === order) to += 1
  return to
}

/** Null where no policy of the tier speaks of the direction. */
function buildStage(policies: readonly PolicyRecord[], subject: Subject): Stage | null {
  const { direction } = subject
  const speaking = policies.filter((each) => each[direction] !== null)
  const [first] = speaking
  if (first === undefined) return null
  const isolating = speaking.filter((each) => each[direction]?.isolates)
  const runs = buildRuns(rulesOf(speaking, subject), subject)
  if (runs.length === 0 && isolating.length === 0) return null
  return { tier: first.tier, runs, isolatedBy: isolating.map(({ policy }) => policy) }
}

function rulesOf(policies: readonly PolicyRecord[], subject: Subject): readonly PolicyRule[] {
  const rules: PolicyRule[] = []
  for (const policy of policies) {
    for (const rule of policy[subject.direction]?.rules ?? NONE) if (canMatch(rule, subject)) rules.push(rule)
  }
  return rules
}

/** Rules that follow each other with the same action; what cannot match separates nothing. */
function buildRuns(rules: readonly PolicyRule[], subject: Subject): readonly Run[] {
  const runs: Run[] = []
  for (let from = 0; from < rules.length; ) {
    const action = rules[from]?.action ?? "Log"
    let to = from + 1
    while (to < rules.length && rules[to]?.action === action) to += 1
    runs.push(buildRun(action, rules.slice(from, to), subject))
    from = to
  }
  return runs.length === 0 ? NONE : runs.slice()
}
