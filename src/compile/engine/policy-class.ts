// Policies that hold a pod, in their order of evaluation, as stages of runs.
//
// Rules of one action that follow each other in a tier have no order among them, whatever policies they
// come from: each such run is one. In the NetworkPolicy tier, where every rule accepts, that is all of them.

import type { Direction, PolicyReference } from "../policy-ir.ts"
import type { PolicyClass, Run, Stage } from "../program.ts"
import type { ContainerPort } from "../snapshot.ts"
import { NONE } from "./bag.ts"
import { quote } from "./canonical-text.ts"
import { runText } from "./class-key.ts"
import type { NeededSets } from "./peer-union.ts"
import type { PolicyRecord, PolicyRule } from "./policy-record.ts"
import { append } from "./positioned-list.ts"
import { buildRun, canMatch, type Subject } from "./run.ts"

export interface ClassDraft {
  readonly policyClass: PolicyClass
  readonly needed: NeededSets
}

export interface ClassSubject {
  /** On which ingress port names are resolved. */
  readonly ports: readonly ContainerPort[]
  /** Where there is nothing that could be denied, the class is the same. */
  readonly observed: boolean
}

/** `policies` in their order. */
export function buildClass(
  direction: Direction,
  policies: readonly PolicyRecord[],
  { ports, observed }: ClassSubject,
): ClassDraft {
  const subject: Subject = { direction, ports, needed: { addresses: NONE, namedPorts: NONE } }
  let stages: readonly Stage[] = NONE
  let key: string = direction
  for (let from = 0; from < policies.length; ) {
    const to = endOfTier(policies, from)
    const draft = buildStage(policies, { from, to }, subject)
    if (draft !== null) {
      stages = stages.concat([draft.stage])
      key += ` ${draft.text}`
    }
    from = to
  }
  const isObserved = observed && stages.length > 0
  const policyClass = { key: isObserved ? `observed ${key}` : key, direction, stages, observed: isObserved }
  return { policyClass, needed: subject.needed }
}

/** Policies of one tier: a part of all that hold the pod. */
interface Part {
  readonly from: number
  readonly to: number
}

function endOfTier(policies: readonly PolicyRecord[], from: number): number {
  const order = policies[from]?.tier.order
  let to = from + 1
  while (to < policies.length && policies[to]?.tier.order === order) to += 1
  return to
}

interface StageDraft {
  readonly stage: Stage
  readonly text: string
}

/** Null where no policy of the tier says anything in the direction. */
function buildStage(
  policies: readonly PolicyRecord[],
  { from, to }: Part,
  subject: Subject,
): StageDraft | null {
  let isolatedBy: PolicyReference[] = []
  let rules: PolicyRule[] = []
  let first: PolicyRecord | undefined
  let isolation = ""
  for (let i = from; i < to; i++) {
    const policy = policies[i]
    const block = policy?.[subject.direction] ?? null
    if (policy === undefined || block === null) continue
    first ??= policy
    for (const rule of block.rules) if (canMatch(rule, subject)) rules = append(rules, rule)
    if (!block.isolates) continue
    isolation += isolation === "" ? `!${policy.text}` : `,${policy.text}`
    isolatedBy = append(isolatedBy, policy.policy)
  }
  if (first === undefined || isolatedBy.length + rules.length === 0) return null
  const { tier } = first
  const { runs, text } = buildRuns(rules, subject)
  const stage = { tier, runs, isolatedBy }
  return { stage, text: `${tier.order}:${quote(tier.name)}[${text}]${isolation}` }
}

interface RunsDraft {
  readonly runs: readonly Run[]
  readonly text: string
}

/** Rules that follow each other with the same action; what cannot match separates nothing. */
function buildRuns(rules: readonly PolicyRule[], subject: Subject): RunsDraft {
  let runs: readonly Run[] = NONE
  let text = ""
  for (let from = 0; from < rules.length; ) {
    const action = rules[from]?.action ?? "Log"
    let to = from + 1
    while (to < rules.length && rules[to]?.action === action) to += 1
    const together = from === 0 && to === rules.length ? rules : rules.slice(from, to)
    const run = buildRun(action, together, subject)
    runs = runs.concat([run])
    text += from === 0 ? runText(run, together) : `;${runText(run, together)}`
    from = to
  }
  return { runs, text }
}
