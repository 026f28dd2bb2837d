// A kind of policy made for tests: everything that the policy IR can say.
//
// Tiers before and behind NetworkPolicy's, priorities, Accept, Deny, Pass and Log, isolation in any tier. Its
// judge reads the spec, its lowering writes the IR.

import * as fc from "fast-check"
import { readCidr } from "../../src/compile/address-ranges.ts"
import type {
  Action,
  AddressBlock,
  Block,
  Direction,
  Lower,
  Peers,
  PodExpression,
  PolicyIr,
  Ports,
  Rule,
} from "../../src/compile/policy-ir.ts"
import type { Requirement, Selector } from "../../src/compile/selector.ts"
import type { PolicyObject, Protocol } from "../../src/compile/snapshot.ts"
import type { DecisiveAction, Judge, Question } from "../../src/explain/judge.ts"
import { requirements, selectorHolds } from "../../src/explain/labels.ts"
import {
  nameOf,
  peersKey,
  protocolOf,
  rangeOf,
  ruleHolds,
  rulesOf,
} from "../../src/explain/networkpolicy-matching.ts"
import { field, items, text } from "../../src/explain/raw.ts"
import { namespaceSelector, peer, podSelector, port, withoutUndefined } from "./policies.ts"

export const TIERED_KIND = "TieredPolicy"

const ACTIONS: readonly Action[] = ["Accept", "Deny", "Pass", "Log"]
const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"]
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 })

/** Policies have to meet in a pod for their order to matter. */
function mostly<T, U>(common: T, rare: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(common) }, { weight: 1, arbitrary: rare })
}

const widePeer = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ namespaceSelector: {} }) },
  { weight: 2, arbitrary: fc.record({ namespaceSelector, podSelector }) },
  { weight: 2, arbitrary: peer },
)

const rule = (peers: "from" | "to") =>
  fc.record(
    { action: fc.constantFrom(...ACTIONS), [peers]: some(widePeer), ports: some(port) },
    { requiredKeys: ["action"] },
  )

const spec = fc.record({
  tier: mostly(
    { name: "Admin", order: 100 },
    fc.constantFrom(
      { name: "custom", order: 150 },
      { name: "NetworkPolicy", order: 200 },
      { name: "Baseline", order: 300 },
    ),
  ),
  priority: fc.nat(3),
  subject: fc.record({
    namespaceSelector: mostly({}, namespaceSelector),
    podSelector: mostly({}, podSelector),
  }),
  isolates: fc.subarray(["ingress", "egress"], { maxLength: 1 }),
  ingress: fc.array(rule("from"), { maxLength: 4 }),
  egress: fc.array(rule("to"), { maxLength: 4 }),
})

export const tieredPolicies: fc.Arbitrary<readonly PolicyObject[]> = fc
  .array(spec, { maxLength: 6 })
  .map((all) =>
    all.map((each, i) => ({
      apiVersion: "test.postern.dev/v1",
      kind: TIERED_KIND,
      metadata: { name: `tiered-${i}`, namespace: "" },
      spec: withoutUndefined(each),
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
      return {
        action: actionOf(rule),
        peers: peersOf(items(field(rule, peersKey(direction)))),
        ports: portsOf(items(field(rule, "ports"))),
        origin: { policy: reference, path: `spec.${direction}[${i}]` },
      }
    }),
  }
}

function peersOf(peers: readonly unknown[]): Peers {
  if (peers.length === 0) return { kind: "any" }
  const blocks = peers.map((each) => field(each, "ipBlock")).filter((each) => each !== undefined)
  const pods = peers.filter((each) => field(each, "ipBlock") === undefined)
  return { kind: "some", pods: pods.map(podExpressionOf), blocks: blocks.map(addressBlockOf) }
}

/** Without namespaceSelector it looks in the policy's namespace, and a cluster-wide policy has none. */
function podExpressionOf(peer: unknown): PodExpression {
  const namespaces = field(peer, "namespaceSelector")
  return {
    namespaces:
      namespaces === undefined
        ? { kind: "name", name: "" }
        : { kind: "selector", selector: selectorOf(namespaces) },
    pods: selectorOf(field(peer, "podSelector")),
  }
}

function addressBlockOf(block: unknown): AddressBlock {
  const canonical = (each: unknown) => readCidr(text(each))?.text ?? ""
  return { cidr: canonical(field(block, "cidr")), except: items(field(block, "except")).map(canonical) }
}

function portsOf(ports: readonly unknown[]): Ports {
  if (ports.length === 0) return { kind: "any" }
  const entries = ports.map((port) => {
    const protocol = PROTOCOLS.find((each) => each === protocolOf(port)) ?? "TCP"
    return { protocol, range: rangeOf(port), name: nameOf(port) }
  })
  return {
    kind: "some",
    ranges: entries.flatMap(({ protocol, range }) => (range === null ? [] : [{ protocol, ...range }])),
    names: entries.flatMap(({ protocol, name }) => (name === null ? [] : [{ protocol, name }])),
  }
}

function selectorOf(source: unknown): Selector {
  return requirements(source).map(({ key, operator, values }): Requirement => {
    switch (operator) {
      case "In":
        return { op: "in", key, values: new Set(values) }
      case "NotIn":
        return { op: "not-in", key, values: new Set(values) }
      case "Exists":
        return { op: "exists", key }
      case "DoesNotExist":
        return { op: "missing", key }
      default:
        throw new Error(`no operator: ${operator}`)
    }
  })
}

function number(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN
}
