// Policies and rules that other ones make needless: by what is written, or only by the pods there are today.

import type { Direction, PolicyIr, Rule } from "../../compile/policy-ir.ts"
import type { OutlinedRule } from "../../kinds/policy-outline.ts"
import type { PolicyRecord } from "../cluster-view.ts"
import { isHeld, type LintCluster } from "./cluster.ts"
import { coversPeers, coversPods, coversPorts, coversRule, isNobody } from "./covers.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"
import { policyWords, ruleWords } from "./words.ts"

export const lintRedundancy: LintRule = (policy, cluster) => {
  const { record } = policy
  // Sorted, so that what is told does not depend on the order in which policies came.
  const others = cluster
    .neighbours(record.ir)
    .filter((other) => other.ir.tier.order === record.ir.tier.order && other.key !== record.key)
    .toSorted((a, b) => byText(a.key, b.key))
  const twin = others.find((other) => saysTheSame(other.ir, record.ir))
  if (twin !== undefined) {
    // The later one by name is told about, so that of two one is kept.
    if (twin.key < record.key || !policy.isLookedAt(twin)) {
      policy.report("duplicatePolicy", { other: policyWords(twin.ir.policy, record.ir.policy) }, [
        "metadata",
        "name",
      ])
    }
    return
  }
  const additive = cluster.isAdditive(record.ir.tier.order)
  if (additive && tellRedundantPolicy(policy, others)) return
  const found = { policy, others, additive }
  for (const rule of policy.outline.rules) lintRule(rule, found, cluster)
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
function tellRedundantPolicy(
  { record: { ir, key }, report, isLookedAt }: LintedPolicy,
  others: readonly PolicyRecord[],
): boolean {
  const wider = others.filter((other) => coversPods(other.ir.subject, ir.subject))
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
    for (const rule of block.rules) {
      const covering = wider.find(({ ir: other }) =>
        other[direction]?.rules.some((each) => covers(each, rule)),
      )
      if (covering === undefined) return false
      needed.add(covering)
    }
  }
  // Of two that make each other needless the later one is told about.
  const keys = [...needed]
  if (keys.every((other) => other.key > key && isLookedAt(other) && isMutual(other, ir))) return false
  report(
    "redundantPolicy",
    { others: keys.map((other) => policyWords(other.ir.policy, ir.policy)).join(", ") },
    ["metadata", "name"],
  )
  return true
}

function isMutual({ ir: other }: PolicyRecord, ir: PolicyIr): boolean {
  return coversPods(ir.subject, other.subject)
}

function covers(general: Rule, special: Rule): boolean {
  return general.action === "Accept" && special.action === "Accept" && coversRule(general, special)
}

interface Surroundings {
  readonly policy: LintedPolicy
  readonly others: readonly PolicyRecord[]
  readonly additive: boolean
}

function lintRule(
  linted: OutlinedRule,
  { policy, others, additive }: Surroundings,
  cluster: LintCluster,
): void {
  const { rule, direction, path } = linted
  const { ir } = policy.record
  if (rule.action === "Log" || isNobody(rule.peers)) return
  const own = ir[direction]?.rules ?? []
  const at = own.indexOf(rule)
  const before = own.slice(0, at)
  const after = additive ? own.slice(at + 1) : []
  const deciding =
    before.find((each) => each.action !== "Log" && coversRule(each, rule)) ??
    after.find((each) => covers(each, rule) && !coversRule(rule, each)) ??
    elsewhere(linted, { policy, others, additive })
  if (deciding !== undefined) {
    const other = ruleWords(deciding.origin, ir.policy)
    if (deciding.action === rule.action) policy.report("redundantRule", { other }, path)
    else policy.report("shadowedRule", { other }, path)
    return
  }
  if (additive) lintToday(linted, { policy, others, additive }, cluster)
}

/** A rule of another policy with the same subject or a wider one. */
function elsewhere(
  { rule, direction }: OutlinedRule,
  { policy, others, additive }: Surroundings,
): Rule | undefined {
  const { ir, key } = policy.record
  for (const other of others) {
    const isEarlier = other.ir.order < ir.order
    if (!(additive || isEarlier) || !coversPods(other.ir.subject, ir.subject)) continue
    for (const each of other.ir[direction]?.rules ?? []) {
      if (each.action === "Log" || !coversRule(each, rule)) continue
      // Two rules that cover each other: one is to stay.
      const isMutual = coversPods(ir.subject, other.ir.subject) && coversRule(rule, each)
      if (additive && isMutual && other.key > key && policy.isLookedAt(other)) continue
      if (additive && each.action !== rule.action) continue
      return each
    }
  }
  return undefined
}

/** The same pods as another rule, by other labels. */
function lintToday(
  { rule, direction, path }: OutlinedRule,
  { policy, others }: Surroundings,
  { view }: LintCluster,
): void {
  const { ir } = policy.record
  const { peers } = rule
  if (peers.kind === "any" || peers.pods.length === 0 || !peers.pods.some((each) => isHeld(each, view)))
    return
  const members = new Set(peers.pods.flatMap((each) => [...view.held(each)].map(({ key }) => key)))
  const own = (ir[direction]?.rules ?? []).filter((each) => each !== rule)
  const wider = others.filter((other) => coversPods(other.ir.subject, ir.subject))
  const twin = [...own, ...wider.flatMap((other) => other.ir[direction]?.rules ?? [])].find(
    (each) =>
      each.peers.kind === "some" &&
      coversPorts(each.ports, rule.ports) &&
      !coversPeers(peers, each.peers) &&
      !coversPeers(each.peers, peers) &&
      coversPeers({ ...each.peers, pods: peers.pods }, peers) &&
      isSame(
        members,
        each.peers.pods.flatMap((pods) => [...view.held(pods)].map(({ key }) => key)),
      ),
  )
  if (twin !== undefined) policy.report("redundantToday", { other: ruleWords(twin.origin, ir.policy) }, path)
}

function isSame(members: ReadonlySet<string>, others: readonly string[]): boolean {
  const set = new Set(others)
  return set.size === members.size && members.isSubsetOf(set)
}
