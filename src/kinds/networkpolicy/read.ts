// networking.k8s.io/v1 NetworkPolicy, read into the policy IR.
//
// Files are not defaulted by an API server, so the defaults of the API are made here. What cannot be read
// fails closed: a rule, peer or port with a mistake matches nothing, and a spec with a mistake at its own
// level, or in podSelector, isolates every pod of its namespace in both directions and allows nothing.

import { conforms, fieldOf, listIn, withoutNulls } from "../../api/conforms.ts"
import {
  networkPolicyRuleFrames,
  networkPolicySpecFrame,
  networkPolicySpecSchema,
} from "../../api/networkpolicy.ts"
import type {
  Direction,
  Peers,
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
const everyDirection: ReadonlySet<Direction> = new Set(["ingress", "egress"])
const nobody = { kind: "some", pods: [], blocks: [] } as const satisfies Peers
const noPort = { kind: "some", ranges: [], names: [] } as const satisfies Ports

export function readNetworkPolicy(object: PolicyObject, reading: Reading): PolicyIr {
  const { namespace, name } = object.metadata
  const policy: PolicyReference = { kind: object.kind, namespace, name }
  const place: At = { ...reading, at: ["spec"] }
  const spec = withoutNulls(object.spec, networkPolicySpecSchema) ?? {}
  const framed = conforms(networkPolicySpecFrame, spec, place)
  const subject = readSubject(fieldOf(spec, "podSelector"), place)
  const rules = {
    ingress: readRules(spec, { direction: "ingress", policy }, place),
    egress: readRules(spec, { direction: "egress", policy }, place),
  }
  if (!framed || subject === undefined)
    return irOf(policy, { subject: [], directions: everyDirection, ingress: [], egress: [] })
  const directions = readDirections(
    { ...rules, types: spec.policyTypes ?? [], writesEgress: "egress" in spec },
    place,
  )
  return irOf(policy, { subject, directions, ...rules })
}

type Rules = Readonly<Record<Direction, readonly Rule[]>>

interface Parts extends Rules {
  readonly subject: Selector
  readonly directions: ReadonlySet<Direction>
}

function irOf(policy: PolicyReference, { subject, directions, ingress, egress }: Parts): PolicyIr {
  return {
    policy,
    tier,
    order: 0,
    subject: { namespaces: { kind: "name", name: policy.namespace }, pods: subject },
    ...(directions.has("ingress") ? { ingress: { isolates: true, rules: ingress } } : {}),
    ...(directions.has("egress") ? { egress: { isolates: true, rules: egress } } : {}),
  }
}

function readSubject(podSelector: unknown, place: At): Selector | undefined {
  if (podSelector === undefined) place.report("missingSubject", {}, place.at)
  return readSelector(podSelector ?? {}, under(place, "podSelector"))
}

interface Stated extends Rules {
  readonly types: readonly ("Ingress" | "Egress")[]
  readonly writesEgress: boolean
}

/** Without policyTypes: ingress always, egress where there is an egress rule. */
function readDirections(stated: Stated, { report, at }: At): ReadonlySet<Direction> {
  const { types, egress, writesEgress } = stated
  if (types.length === 0) {
    if (writesEgress && egress.length === 0) report("egressNotIsolated", {}, [...at, "egress"], "key")
    return new Set<Direction>(egress.length > 0 ? ["ingress", "egress"] : ["ingress"])
  }
  for (const [i, type] of types.entries()) {
    if (types.indexOf(type) < i) {
      report("duplicatePolicyType", { value: type }, [...at, "policyTypes", i])
    }
  }
  const directions = new Set(types.map((type) => directionOf[type]))
  for (const type of ["Ingress", "Egress"] as const) {
    const direction = directionOf[type]
    if (directions.has(direction) || stated[direction].length === 0) continue
    report("ignoredRules", { direction: type, field: `spec.${direction}` }, [...at, direction], "key")
  }
  return directions
}

const directionOf = { Ingress: "ingress", Egress: "egress" } as const satisfies Record<string, Direction>

interface RuleContext {
  readonly direction: Direction
  readonly policy: PolicyReference
}

function readRules(spec: unknown, context: RuleContext, place: At): readonly Rule[] {
  const { direction, policy } = context
  return listIn(spec, direction).map((source, i): Rule => {
    const matched = readRule(source, context, under(place, direction, i))
    return { action: "Accept", ...matched, origin: { policy, path: `spec.${direction}[${i}]` } }
  })
}

function readRule(
  source: unknown,
  { direction, policy }: RuleContext,
  place: At,
): Pick<Rule, "peers" | "ports"> {
  const framed = conforms(networkPolicyRuleFrames[direction], source, place)
  const field = direction === "ingress" ? "from" : "to"
  const peers = readPeers(listIn(source, field), policy.namespace, under(place, field))
  const ports = readPorts(listIn(source, "ports"), under(place, "ports"))
  return framed ? { peers, ports } : { peers: nobody, ports: noPort }
}
