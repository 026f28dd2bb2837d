// networking.k8s.io/v1 NetworkPolicy, read into the policy IR.
//
// Files are not defaulted by an API server, so the defaults of the API are made here. What cannot be read
// fails closed: a rule, peer or port with a mistake matches nothing, and a spec with a mistake at its own
// level isolates every pod of its namespace in both directions, and allows nothing.

import { conforms, withoutNulls } from "../../api/conforms.ts"
import {
  egressRuleFrame,
  ingressRuleFrame,
  type NetworkPolicySpecFrame,
  networkPolicySpecFrame,
} from "../../api/networkpolicy.ts"
import { shown } from "../../api/report.ts"
import type {
  Block,
  Direction,
  Peers,
  PodExpression,
  PolicyIr,
  PolicyReference,
  Ports,
  Rule,
  Tier,
} from "../../compile/policy-ir.ts"
import type { Selector } from "../../compile/selector.ts"
import type { PolicyObject } from "../../compile/snapshot.ts"
import { type At, type Reading, under } from "../reading.ts"
import { readSelector } from "../selector-reading.ts"
import { readPeers } from "./peers.ts"
import { readPorts } from "./ports.ts"

const tier: Tier = { name: "NetworkPolicy", order: 200 }
const nothing = { kind: "some", pods: [], blocks: [] } as const satisfies Peers
const noPort = { kind: "some", ranges: [], names: [] } as const satisfies Ports

export function readNetworkPolicy(object: PolicyObject, reading: Reading): PolicyIr {
  const { namespace, name } = object.metadata
  const policy: PolicyReference = { kind: object.kind, namespace, name }
  const place: At = { ...reading, at: ["spec"] }
  const spec = withoutNulls(object.spec) ?? {}
  if (!conforms(networkPolicySpecFrame, spec, place)) return closed(policy)
  if (spec.podSelector === undefined) place.report("missingSubject", {}, place.at)
  const pods = readSelector(spec.podSelector ?? {}, [...place.at, "podSelector"], place.report)
  const blocks = readBlocks(spec, policy, place)
  return pods === undefined
    ? closed(policy)
    : { policy, tier, order: 0, subject: subjectOf(policy, pods), ...blocks }
}

function closed(policy: PolicyReference): PolicyIr {
  const block: Block = { isolates: true, rules: [] }
  return { policy, tier, order: 0, subject: subjectOf(policy, []), ingress: block, egress: block }
}

function subjectOf(policy: PolicyReference, pods: Selector): PodExpression {
  return { namespaces: { kind: "name", name: policy.namespace }, pods }
}

function readBlocks(
  spec: NetworkPolicySpecFrame,
  policy: PolicyReference,
  place: At,
): Pick<PolicyIr, "ingress" | "egress"> {
  const directions = readDirections(spec, place)
  const ingress = readRules(spec.ingress ?? [], { policy, direction: "ingress" }, under(place, "ingress"))
  const egress = readRules(spec.egress ?? [], { policy, direction: "egress" }, under(place, "egress"))
  return {
    ...(directions.has("ingress") ? { ingress: { isolates: true, rules: ingress } } : {}),
    ...(directions.has("egress") ? { egress: { isolates: true, rules: egress } } : {}),
  }
}

/** Without policyTypes: ingress always, egress where there is an egress rule. */
function readDirections(spec: NetworkPolicySpecFrame, { report, at }: At): ReadonlySet<Direction> {
  const types = spec.policyTypes ?? []
  const hasEgressRules = (spec.egress ?? []).length > 0
  if (types.length === 0) {
    if (spec.egress !== undefined && !hasEgressRules) report("egressNotIsolated", {}, [...at, "egress"])
    return new Set<Direction>(hasEgressRules ? ["ingress", "egress"] : ["ingress"])
  }
  for (const [i, type] of types.entries()) {
    if (types.indexOf(type) < i)
      report("duplicatePolicyType", { value: shown(type) }, [...at, "policyTypes", i])
  }
  for (const [type, field] of [
    ["Ingress", "ingress"],
    ["Egress", "egress"],
  ] as const) {
    if (types.includes(type) || (spec[field] ?? []).length === 0) continue
    report("ignoredRules", { direction: type, field: `spec.${field}` }, [...at, field])
  }
  return new Set(types.map((type) => (type === "Ingress" ? "ingress" : "egress")))
}

interface RuleContext {
  readonly policy: PolicyReference
  readonly direction: Direction
}

function readRules(
  sources: readonly unknown[],
  { policy, direction }: RuleContext,
  place: At,
): readonly Rule[] {
  return sources.map((source, i) => {
    const { peers, ports } = readRule(source, { policy, direction }, under(place, i))
    return { action: "Accept", peers, ports, origin: { policy, path: `spec.${direction}[${i}]` } }
  })
}

function readRule(
  source: unknown,
  { policy, direction }: RuleContext,
  place: At,
): { readonly peers: Peers; readonly ports: Ports } {
  const rule = readFrame(source, direction, place)
  if (rule === undefined) return { peers: nothing, ports: noPort }
  const field = direction === "ingress" ? "from" : "to"
  return {
    peers: readPeers(rule.peers, policy.namespace, under(place, field)),
    ports: readPorts(rule.ports, under(place, "ports")),
  }
}

interface RuleFrame {
  readonly peers: readonly unknown[]
  readonly ports: readonly unknown[]
}

function readFrame(source: unknown, direction: Direction, place: At): RuleFrame | undefined {
  switch (direction) {
    case "ingress":
      if (!conforms(ingressRuleFrame, source, place)) return undefined
      return { peers: source.from ?? [], ports: source.ports ?? [] }
    case "egress":
      if (!conforms(egressRuleFrame, source, place)) return undefined
      return { peers: source.to ?? [], ports: source.ports ?? [] }
  }
}
