// Policies and rules that other ones make needless: by what is written, or only by the pods there are today.

import type { Direction, PolicyIr, Rule } from "../../compile/policy-ir.ts"
import type { OutlinedRule } from "../../kinds/policy-outline.ts"
import type { PolicyRecord } from "../cluster-view.ts"
import { isHeld, type LintCluster } from "./cluster.ts"
import { coversPeers, coversPods, coversPorts, coversRule, isNobody } from "./covers.ts"
import { once } from "./once.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"
import type { PlacedRule, RuleIndex } from "./rule-index.ts"
import { MOST_RULES, type RuleSearch, rulesOf } from "./rule-search.ts"
import { byText, irText, type WiderRules, widerRules } from "./wider-rules.ts"
import { listWords, policyWords, ruleWords } from "./words.ts"

/** So many policies of the same pods are compared. */
const MOST_POLICIES = 200

export const lintRedundancy: LintRule = (policy, cluster) => {
  const { record } = policy
  // Sorted, so that what is told does not depend on the order in which policies came. One more than are compared, for the
  // policy itself: so it is the same list for all of them.
  const near = cluster
    .neighbours(record.ir)
    .filter((other) => other.ir.tier.order === record.ir.tier.order)
    .toSorted((a, b) => byText(a.key, b.key))
    .slice(0, MOST_POLICIES + 1)
  const others = near.filter((other) => other.key !== record.key).slice(0, MOST_POLICIES)
  const isAdditive = () => cluster.isAdditive(record.ir.tier.order)
  const twin = others.find((other) => saysTheSame(other.ir, record.ir))
  if (twin !== undefined) {
    // The later one is told about, so that of two one is kept.
    if (twin.key < record.key || (!policy.isLookedAt(twin) && isAdditive())) tellDuplicate(policy, twin)
    return
  }
  const found = {
    policy,
    isAdditive,
    ...widerRules({ record, near, others }, cluster),
    own: ownRules(record, cluster.rules),
    holdSame: cluster.rules.holdSame,
  }
  if (tellRedundantPolicy(found)) return
  for (const rule of policy.outline.rules) {
    if (cluster.expired()) return
    lintRule(rule, found, cluster)
  }
}

interface Surroundings extends WiderRules {
  readonly policy: LintedPolicy
  /** The policy's own rules. */
  readonly own: (direction: Direction) => RuleIndex
  readonly holdSame: RuleSearch["holdSame"]
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
  const text = irText({ tier, order, subject, ingress, egress })
  texts.set(ir, text)
  return text
}

const DIRECTIONS = ["ingress", "egress"] as const satisfies readonly Direction[]

/** Everything that it allows and isolates, others with its subject, or a wider one, allow and isolate. */
function tellRedundantPolicy({ policy, wider, mayCover, isAdditive }: Surroundings): boolean {
  const { ir } = policy.record
  // Otherwise each could be needless for the other, in a ring of several too.
  const stays = (other: PolicyRecord): boolean => !mayGo(other, policy)
  const needed = new Set<PolicyRecord>()
  for (const direction of DIRECTIONS) {
    const block = ir[direction]
    if (block === undefined) continue
    const isBare = block.rules.length === 0
    // A bare isolation is kept for what comes: it is needless only beside another bare one.
    const isolating = wider.find((other) => {
      const also = other.ir[direction]
      return also?.isolates === true && (!isBare || also.rules.length === 0) && stays(other)
    })
    if (block.isolates && isolating === undefined) return false
    if (isolating !== undefined && isBare) needed.add(isolating)
    if (block.rules.length > MOST_RULES) return false
    for (const rule of block.rules) {
      const covering = mayCover(rule, direction).find((each) => covers(each.rule, rule) && stays(each.record))
      if (covering === undefined) return false
      needed.add(covering.record)
    }
  }
  if (needed.size === 0 || !isAdditive()) return false
  const names = Array.from(needed, (other) => policyWords(other.ir.policy, ir.policy))
  policy.report("redundantPolicy", { others: listWords(names) }, ["metadata", "name"])
  return true
}

/** It is told about itself where this one makes it needless: of two of the same pods the later one. */
function mayGo(other: PolicyRecord, { record, isLookedAt }: LintedPolicy): boolean {
  return other.key > record.key && isLookedAt(other) && coversPods(record.ir.subject, other.ir.subject)
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
function decidedBefore({ rule, direction }: OutlinedRule, around: Surroundings): Rule | undefined {
  const { ir } = around.policy.record
  const at = rulesOf(ir, direction).indexOf(rule)
  const decides = (each: PlacedRule): boolean => each.rule.action !== "Log" && coversRule(each.rule, rule)
  const own = around
    .own(direction)
    .mayCover(rule)
    .find((each) => each.index < at && decides(each))
  if (own !== undefined) return own.rule
  const before = (each: PlacedRule): boolean => each.record.ir.order < ir.order
  return around.mayCover(rule, direction).find((each) => before(each) && decides(each))?.rule
}

/** A rule that accepts all that this one accepts, where order decides nothing. Of two that cover each other one is to stay. */
function coveredBeside({ rule, direction }: OutlinedRule, around: Surroundings): Rule | undefined {
  const { policy } = around
  const { ir } = policy.record
  const at = rulesOf(ir, direction).indexOf(rule)
  const after = around
    .own(direction)
    .mayCover(rule)
    .find((each) => each.index > at && covers(each.rule, rule) && !coversRule(rule, each.rule))
  if (after !== undefined) return after.rule
  return around
    .mayCover(rule, direction)
    .find((each) => covers(each.rule, rule) && !(coversRule(rule, each.rule) && mayGo(each.record, policy)))
    ?.rule
}

function ownRules(record: PolicyRecord, search: RuleSearch): (direction: Direction) => RuleIndex {
  const ingress = once(() => search.among([record], "ingress"))
  const egress = once(() => search.among([record], "egress"))
  return (direction) => (direction === "ingress" ? ingress() : egress())
}

/** The same pods as another rule, by other labels. */
function lintToday(
  { rule, direction, path }: OutlinedRule,
  around: Surroundings,
  { view }: LintCluster,
): void {
  const { policy, holdSame, isAdditive } = around
  const { peers } = rule
  if (peers.kind === "any" || peers.pods.length === 0 || !peers.pods.some((each) => isHeld(each, view)))
    return
  const isTwin = ({ rule: each }: PlacedRule): boolean =>
    each !== rule &&
    each.peers.kind === "some" &&
    coversPorts(each.ports, rule.ports) &&
    !coversPeers(peers, each.peers) &&
    !coversPeers(each.peers, peers) &&
    coversPeers({ ...each.peers, pods: peers.pods }, peers) &&
    holdSame(peers.pods, each.peers.pods)
  const twin =
    around.own(direction).mayHoldSame(peers.pods).find(isTwin) ??
    around.mayHoldSame(peers.pods, direction).find(isTwin)
  if (twin !== undefined && isAdditive())
    policy.report("redundantToday", { other: ruleWords(twin.rule.origin, policy.record.ir.policy) }, path)
}
