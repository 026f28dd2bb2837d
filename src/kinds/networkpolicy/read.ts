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
import { type Place, root, tell, within } from "../../api/report.ts"
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
import type { Reading, Source } from "../reading.ts"
import { readSelector } from "../selector-reading.ts"
import { readPeers } from "./peers.ts"
import { readPorts } from "./ports.ts"

const tier: Tier = { name: "NetworkPolicy", order: 200 }
const everyDirection: ReadonlySet<Direction> = new Set(["ingress", "egress"])
const ingressOnly: ReadonlySet<Direction> = new Set(["ingress"])
const nobody = { kind: "some", pods: [], blocks: [] } as const satisfies Peers
const noPort = { kind: "some", ranges: [], names: [] } as const satisfies Ports

export function readNetworkPolicy(object: PolicyObject, reading: Reading): PolicyIr {
  const { namespace, name } = object.metadata
  const policy: PolicyReference = { kind: object.kind, namespace, name }
  const place = within(root(reading.report), "spec")
  const { source } = reading
  const spec = withoutNulls(object.spec, networkPolicySpecSchema) ?? {}
  const framed = conforms(networkPolicySpecFrame, spec, place)
  const subject = readSubject(fieldOf(spec, "podSelector"), place)
  const rules = {
    ingress: readRules(spec, { direction: "ingress", policy, source }, place),
    egress: readRules(spec, { direction: "egress", policy, source }, place),
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
    ...unheard({ subject, directions, ingress, egress }),
  }
}

function unheard({ directions, ...rules }: Parts): Pick<PolicyIr, "unheard"> {
  const blocks = Array.from(everyDirection, (direction) => {
    const written = directions.has(direction) ? [] : rules[direction]
    return [direction, written.flatMap(({ peers }) => (peers.kind === "any" ? [] : peers.blocks))] as const
  }).filter(([, blocks]) => blocks.length > 0)
  return blocks.length === 0 ? {} : { unheard: Object.fromEntries(blocks) }
}

function readSubject(podSelector: unknown, place: Place): Selector | undefined {
  if (podSelector === undefined) tell(place, "missingSubject", {})
  return readSelector(podSelector ?? {}, within(place, "podSelector"))
}

interface Stated extends Rules {
  readonly types: readonly ("Ingress" | "Egress")[]
  readonly writesEgress: boolean
}

/** Without policyTypes: ingress always, egress where there is an egress rule. */
function readDirections(stated: Stated, place: Place): ReadonlySet<Direction> {
  const { types, egress, writesEgress } = stated
  if (types.length === 0) {
    if (writesEgress && egress.length === 0) tell(within(place, "egress"), "egressNotIsolated", {}, "key")
    return egress.length > 0 ? everyDirection : ingressOnly
  }
  for (const [i, type] of types.entries()) {
    if (types.indexOf(type) < i) {
      tell(within(within(place, "policyTypes"), i), "duplicatePolicyType", { value: type })
    }
  }
  const directions = new Set(types.map((type) => directionOf[type]))
  for (const type of ["Ingress", "Egress"] as const) {
    const direction = directionOf[type]
    if (directions.has(direction) || stated[direction].length === 0) continue
    tell(within(place, direction), "ignoredRules", { direction: type, field: `spec.${direction}` }, "key")
  }
  return directions
}

const directionOf = { Ingress: "ingress", Egress: "egress" } as const satisfies Record<string, Direction>

interface RuleContext {
  readonly direction: Direction
  readonly policy: PolicyReference
  readonly source: Source
}

function readRules(spec: unknown, context: RuleContext, place: Place): readonly Rule[] {
  const { direction, policy } = context
  const rules = within(place, direction)
  return listIn(spec, direction).map((rule, i): Rule => {
    const matched = readRule(rule, context, within(rules, i))
    return { action: "Accept", ...matched, origin: { policy, path: `spec.${direction}[${i}]` } }
  })
}

function readRule(
  rule: unknown,
  { direction, policy, source }: RuleContext,
  place: Place,
): Pick<Rule, "peers" | "ports"> {
  const framed = conforms(networkPolicyRuleFrames[direction], rule, place)
  const field = direction === "ingress" ? "from" : "to"
  const peers = readPeers(listIn(rule, field), { namespace: policy.namespace, source }, within(place, field))
  const ports = readPorts(listIn(rule, "ports"), within(place, "ports"))
  return framed ? { peers, ports } : { peers: nobody, ports: noPort }
}
