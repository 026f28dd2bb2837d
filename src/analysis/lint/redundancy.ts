// Policies and rules that other ones make needless: by what is written, or only by the pods there are today.

import type { Direction, PodExpression, PolicyIr, Rule } from "../../compile/policy-ir.ts"
import type { OutlinedRule } from "../../kinds/policy-outline.ts"
import type { ClusterView, PolicyRecord } from "../cluster-view.ts"
import { isHeld, type LintCluster } from "./cluster.ts"
import { coversPeers, coversPods, coversPorts, coversRule, isNobody } from "./covers.ts"
import { once } from "./once.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"
import { listWords, policyWords, ruleWords } from "./words.ts"

/** So many policies of the same pods, and rules of one policy, are compared. */
const MOST_POLICIES = 200
const MOST_RULES = 500

export const lintRedundancy: LintRule = (policy, cluster) => {
  const { record } = policy
  // Sorted, so that what is told does not depend on the order in which policies came.
  const others = cluster
    .neighbours(record.ir)
    .filter((other) => other.ir.tier.order === record.ir.tier.order && other.key !== record.key)
    .toSorted((a, b) => byText(a.key, b.key))
    .slice(0, MOST_POLICIES)
  const isAdditive = () => cluster.isAdditive(record.ir.tier.order)
  const twin = others.find((other) => saysTheSame(other.ir, record.ir))
  if (twin !== undefined) {
    // The later one is told about, so that of two one is kept.
    if (twin.key < record.key || (!policy.isLookedAt(twin) && isAdditive())) tellDuplicate(policy, twin)
    return
  }
  const wider = others.filter((other) => coversPods(other.ir.subject, record.ir.subject))
  const found = { policy, wider, isAdditive }
  if (tellRedundantPolicy(found)) return
  for (const rule of policy.outline.rules) {
    if (cluster.expired()) return
    lintRule(rule, found, cluster)
  }
}

interface Surroundings {
  readonly policy: LintedPolicy
  /** Of the same tier, with the same subject or a wider one. */
  readonly wider: readonly PolicyRecord[]
  /** Asked last: it costs a look at every policy of the cluster. */
  readonly isAdditive: () => boolean
}

function tellDuplicate({ record, report }: LintedPolicy, twin: PolicyRecord): void {
  report("duplicatePolicy", { other: policyWords(twin.ir.policy, record.ir.policy) }, ["metadata", "name"])
}

function saysTheSame(a: PolicyIr, b: PolicyIr): boolean {
  return canonicalText(a) === canonicalText(b)
}

const texts = new WeakMap<PolicyIr, string>()

/** All that a policy says but its name. */
function canonicalText(ir: PolicyIr): string {
  const known = texts.get(ir)
  if (known !== undefined) return known
  const { tier, order, subject, ingress, egress } = ir
  const said = { tier, order, subject, ingress, egress }
  const text = JSON.stringify(said, (key, value: unknown) => {
    if (key === "origin") return undefined
    return value instanceof Set ? [...value].map(String).toSorted(byText) : value
  })
  texts.set(ir, text)
  return text
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}

const DIRECTIONS = ["ingress", "egress"] as const satisfies readonly Direction[]

/** Everything that it allows and isolates, others with its subject, or a wider one, allow and isolate. */
function tellRedundantPolicy({ policy, wider, isAdditive }: Surroundings): boolean {
  const { record, report, isLookedAt } = policy
  const { ir, key } = record
  const needed = new Set<PolicyRecord>()
  for (const direction of DIRECTIONS) {
    const block = ir[direction]
    if (block === undefined) continue
    const isBare = block.rules.length === 0
    // A bare isolation is kept for what comes: it is needless only beside another bare one.
    const isolating = wider.find(({ ir: other }) => {
      const also = other[direction]
      return also?.isolates === true && (!isBare || also.rules.length === 0)
    })
    if (block.isolates && isolating === undefined) return false
    if (isolating !== undefined && isBare) needed.add(isolating)
    if (block.rules.length > MOST_RULES) return false
    for (const rule of block.rules) {
      const covering = wider.find(({ ir: other }) =>
        rulesOf(other, direction).some((each) => covers(each, rule)),
      )
      if (covering === undefined) return false
      needed.add(covering)
    }
  }
  // Of two that make each other needless the later one is told about.
  const keys = [...needed]
  if (keys.every((other) => other.key > key && isLookedAt(other) && isMutual(other, ir))) return false
  if (!isAdditive()) return false
  const names = keys.map((other) => policyWords(other.ir.policy, ir.policy))
  report("redundantPolicy", { others: listWords(names) }, ["metadata", "name"])
  return true
}

function isMutual({ ir: other }: PolicyRecord, ir: PolicyIr): boolean {
  return coversPods(ir.subject, other.subject)
}

function rulesOf(ir: PolicyIr, direction: Direction): readonly Rule[] {
  const rules = ir[direction]?.rules ?? []
  return rules.length > MOST_RULES ? rules.slice(0, MOST_RULES) : rules
}

function covers(general: Rule, special: Rule): boolean {
  return general.action === "Accept" && special.action === "Accept" && coversRule(general, special)
}

function lintRule(linted: OutlinedRule, around: Surroundings, cluster: LintCluster): void {
  const { rule, path } = linted
  if (rule.action === "Log" || isNobody(rule.peers)) return
  const { policy, isAdditive } = around
  const earlier = decidedBefore(linted, around)
  const deciding = earlier ?? coveredBeside(linted, around)
  if (deciding === undefined) lintToday(linted, around, cluster)
  else if (earlier !== undefined || isAdditive()) {
    const other = ruleWords(deciding.origin, policy.record.ir.policy)
    policy.report(deciding.action === rule.action ? "redundantRule" : "shadowedRule", { other }, path)
  }
}

/** A rule that is asked before this one and decides all that this one is about. */
function decidedBefore({ rule, direction }: OutlinedRule, { policy, wider }: Surroundings): Rule | undefined {
  const { ir } = policy.record
  const own = rulesOf(ir, direction)
  const before = wider
    .filter((other) => other.ir.order < ir.order)
    .flatMap((other) => rulesOf(other.ir, direction))
  return [...own.slice(0, own.indexOf(rule)), ...before].find(
    (each) => each.action !== "Log" && coversRule(each, rule),
  )
}

/** A rule that accepts all that this one accepts, where order decides nothing. Of two that cover each other one is to stay. */
function coveredBeside({ rule, direction }: OutlinedRule, { policy, wider }: Surroundings): Rule | undefined {
  const { ir, key } = policy.record
  const own = rulesOf(ir, direction)
  const after = own.slice(own.indexOf(rule) + 1)
  const found = after.find((each) => covers(each, rule) && !coversRule(rule, each))
  if (found !== undefined) return found
  for (const other of wider) {
    const isToStay = other.key > key && policy.isLookedAt(other) && isMutual(other, ir)
    const covering = rulesOf(other.ir, direction).find(
      (each) => covers(each, rule) && !(isToStay && coversRule(rule, each)),
    )
    if (covering !== undefined) return covering
  }
  return undefined
}

/** The same pods as another rule, by other labels. */
function lintToday(
  { rule, direction, path }: OutlinedRule,
  { policy, wider, isAdditive }: Surroundings,
  { view }: LintCluster,
): void {
  const { ir } = policy.record
  const { peers } = rule
  if (peers.kind === "any" || peers.pods.length === 0 || !peers.pods.some((each) => isHeld(each, view)))
    return
  const members = once(() => membersOf(peers.pods, view))
  const own = rulesOf(ir, direction).filter((each) => each !== rule)
  const twin = [...own, ...wider.flatMap((other) => rulesOf(other.ir, direction))].find(
    (each) =>
      each.peers.kind === "some" &&
      coversPorts(each.ports, rule.ports) &&
      !coversPeers(peers, each.peers) &&
      !coversPeers(each.peers, peers) &&
      coversPeers({ ...each.peers, pods: peers.pods }, peers) &&
      isSame(members(), membersOf(each.peers.pods, view)),
  )
  if (twin !== undefined && isAdditive())
    policy.report("redundantToday", { other: ruleWords(twin.origin, ir.policy) }, path)
}

function membersOf(expressions: readonly PodExpression[], view: ClusterView): ReadonlySet<string> {
  return new Set(expressions.flatMap((each) => [...view.held(each)].map(({ key }) => key)))
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b)
}
