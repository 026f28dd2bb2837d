// A run: rules of one action, order-free, as one lookup by port and one by peer.

import type { Action, Direction, NamedPort } from "../policy-ir.ts"
import type { PortGroup, Run, SetKey } from "../program.ts"
import type { ContainerPort } from "../snapshot.ts"
import { NONE } from "./bag.ts"
import { namesByText, unionText } from "./canonical-text.ts"
import { type NeededSets, unitePeers } from "./peer-union.ts"
import type { NamedPortPeers, PolicyRule, RulePeers } from "./policy-record.ts"
import { groupPorts, type PortOffer } from "./port-groups.ts"

/** Whose rules are built: the direction, the subject's named ports, and where needed sets are noted. */
export interface Subject {
  readonly direction: Direction
  readonly ports: readonly ContainerPort[]
  readonly needed: NeededSets
}

/** False for an ingress rule with only port names that the subject does not serve. */
export function canMatch({ everyPort, ranges, named, names }: PolicyRule, { ports }: Subject): boolean {
  return (
    everyPort ||
    ranges.length > 0 ||
    named.length > 0 ||
    names.some((name) => ports.some((port) => isServedAs(name, port)))
  )
}

/** Of rules that can match. */
export function buildRun(action: Action, rules: readonly PolicyRule[], subject: Subject): Run {
  const origins = rules.map(({ origin }) => origin)
  const peers: RulePeers[] = []
  let ofPorts = false
  for (const rule of rules) {
    if (rule.everyPort) peers.push(rule.peers)
    else ofPorts = true
  }
  const everyPort = unitePeers(peers, subject.needed)
  if (!ofPorts || everyPort?.kind === "any") return { action, everyPort, ports: NONE, named: null, origins }
  return {
    action,
    everyPort,
    ports: groupRules(rules, subject),
    named: uniteNamedPorts(
      rules.flatMap((rule) => rule.named),
      subject,
    ),
    origins,
  }
}

function groupRules(rules: readonly PolicyRule[], { ports, needed }: Subject): readonly PortGroup[] {
  const offers = rules.flatMap((rule) => offersOf(rule, ports))
  return groupPorts(offers, (peers) => unitePeers(peers, needed))
}

function offersOf(
  { ranges, names, peers }: PolicyRule,
  ports: readonly ContainerPort[],
): readonly PortOffer[] {
  const served = names.flatMap((name) => ports.filter((port) => isServedAs(name, port)))
  const resolved = served.map(({ protocol, port }) => ({ protocol, from: port, to: port }))
  return [...ranges, ...resolved].map((range) => ({ range, peers }))
}

function isServedAs(wanted: NamedPort, { name, protocol }: ContainerPort): boolean {
  return name === wanted.name && protocol === wanted.protocol
}

/** Names of the same expression are one part of the key, so that the order of rules does not show in it. */
function uniteNamedPorts(all: readonly NamedPortPeers[], { needed }: Subject): SetKey | null {
  if (all.length === 0) return null
  const byExpression = Map.groupBy(all, ({ expression }) => expression)
  const parts = new Map(
    byExpression.entries().map(([expression, entries]) => {
      const names = namesByText(entries.flatMap((each) => each.names))
      const text = `${[...names.keys()].join()}@${expression.text}`
      return [text, { expression, names: [...names.values()] }] as const
    }),
  )
  const key = unionText(parts.keys())
  needed.namedPorts = needed.namedPorts.concat([{ key, peers: [...parts.values()] }])
  return key
}
