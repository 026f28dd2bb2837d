// A kind of policy made for tests: everything that the policy IR can say.
//
// Tiers before and behind NetworkPolicy's, priorities, Accept, Deny, Pass and Log, isolation in any tier. Its
// judge reads the spec, its lowering writes the IR.

import * as fc from "fast-check"
import { silent } from "../../src/api/report.ts"
import type { Action, Block, Direction, Lower, PolicyIr, Rule } from "../../src/compile/policy-ir.ts"
import type { Selector } from "../../src/compile/selector.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import type { DecisiveAction, Judge, Question } from "../../src/explain/judge.ts"
import { selectorHolds } from "../../src/explain/labels.ts"
import { peersKey, ruleHolds, rulesOf } from "../../src/explain/networkpolicy-matching.ts"
import { field, items, text } from "../../src/explain/raw.ts"
import { readPeers } from "../../src/kinds/networkpolicy/peers.ts"
import { readPorts } from "../../src/kinds/networkpolicy/ports.ts"
import { readSelector } from "../../src/kinds/selector-reading.ts"
import { namespaceSelector, peer, podSelector, port } from "./policies.ts"

export const TIERED_KIND = "TieredPolicy"

const ACTIONS: readonly Action[] = ["Accept", "Deny", "Pass", "Log"]
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 })

const rule = (peers: "from" | "to") =>
  fc.record(
    { action: fc.constantFrom(...ACTIONS), [peers]: some(peer), ports: some(port) },
    { requiredKeys: ["action"] },
  )

const spec = fc.record({
  tier: fc.constantFrom(
    { name: "Admin", order: 100 },
    { name: "custom", order: 150 },
    { name: "NetworkPolicy", order: 200 },
    { name: "Baseline", order: 300 },
  ),
  priority: fc.nat(3),
  subject: fc.record({ namespaceSelector: fc.oneof(fc.constant({}), namespaceSelector), podSelector }),
  isolates: fc.subarray(["ingress", "egress"], { maxLength: 1 }),
  ingress: fc.array(rule("from"), { maxLength: 4 }),
  egress: fc.array(rule("to"), { maxLength: 4 }),
})

export const tieredPolicies: fc.Arbitrary<readonly PolicyObject[]> = fc
  .array(spec, { maxLength: 4 })
  .map((all) =>
    all.map((each, i) => ({
      apiVersion: "test.postern.dev/v1",
      kind: TIERED_KIND,
      metadata: { name: `tiered-${i}`, namespace: "" },
      spec: withoutNulls(each),
    })),
  )

export const tieredJudge: Judge = {
  place: ({ spec }) => ({
    tier: {
      name: text(field(field(spec, "tier"), "name")),
      order: number(field(field(spec, "tier"), "order")),
    },
    priority: number(field(spec, "priority")),
  }),
  judge: (policy, question) => {
    const selects = selectsSubject(policy, question)
    if (!selects) return { selects, isolates: false, decision: null }
    const isolates = items(field(policy.spec, "isolates")).includes(question.direction)
    const deciding = rulesOf(policy.spec, question.direction)
      .map((each, i) => ({ each, action: decisiveAction(each), path: `spec.${question.direction}[${i}]` }))
      .find(({ each, action }) => action !== null && ruleHolds(each, policy, question))
    const action = deciding?.action ?? null
    return { selects, isolates, decision: action && deciding ? { action, path: deciding.path } : null }
  },
  describe: () => [],
  portBounds: () => [],
}

export const lowerTiered: Lower = (policy): PolicyIr => {
  const { place } = tieredJudge
  const { tier, priority } = place(policy)
  const subject = field(policy.spec, "subject")
  return {
    policy: { kind: policy.kind, namespace: "", name: policy.metadata.name },
    tier,
    order: priority,
    subject: {
      namespaces: { kind: "selector", selector: selectorOf(field(subject, "namespaceSelector")) },
      pods: selectorOf(field(subject, "podSelector")),
    },
    ingress: blockOf(policy, "ingress"),
    egress: blockOf(policy, "egress"),
  }
}

/** What NetworkPolicy's reader does before it reads a selector. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (each === null ? undefined : each)))
}

function selectsSubject({ spec }: PolicyObject, { subject, namespaceLabels }: Question): boolean {
  const selector = field(spec, "subject")
  return (
    selectorHolds(field(selector, "namespaceSelector"), namespaceLabels(subject.pod.namespace)) &&
    selectorHolds(field(selector, "podSelector"), subject.pod.labels)
  )
}

function decisiveAction(rule: unknown): DecisiveAction | null {
  const action = actionOf(rule)
  return action === "Log" ? null : action
}

function actionOf(rule: unknown): Action {
  const action = ACTIONS.find((each) => each === field(rule, "action"))
  if (action === undefined) throw new Error("a rule without action")
  return action
}

function blockOf(policy: PolicyObject, direction: Direction): Block {
  const reference = { kind: policy.kind, namespace: "", name: policy.metadata.name }
  return {
    isolates: items(field(policy.spec, "isolates")).includes(direction),
    rules: rulesOf(policy.spec, direction).map((rule, i): Rule => {
      const place = { report: silent, source: "api", at: [] } as const
      return {
        action: actionOf(rule),
        peers: readPeers(items(field(rule, peersKey(direction))), "", place),
        ports: readPorts(items(field(rule, "ports")), place),
        origin: { policy: reference, path: `spec.${direction}[${i}]` },
      }
    }),
  }
}

function selectorOf(source: unknown): Selector {
  const selector = readSelector(source, { report: silent, source: "api", at: [] })
  if (selector === undefined) throw new Error(`not a selector: ${JSON.stringify(source)}`)
  return selector
}

function number(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN
}
