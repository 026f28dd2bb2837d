// A run: rules of one action, order-free, as one lookup by port and one by peer.

import type { Action, Direction, NamedPort } from "../policy-ir.ts"
import type { PeerUnion, Run, SetKey } from "../program.ts"
import type { ContainerPort } from "../snapshot.ts"
import { namesByText, unionText } from "./canonical-text.ts"
import { type NeededSets, unitePeers } from "./peer-union.ts"
import { groupPorts, type PortOffer } from "./port-groups.ts"
import type { NamedPortPeers, PolicyRule } from "./state.ts"

/** Whose rules are built: the direction, the subject's named ports, and where needed sets are noted. */
export interface Subject {
  readonly direction: Direction
  readonly ports: readonly ContainerPort[]
  readonly needed: NeededSets
}

/** False for an ingress rule with only port names that the subject does not serve. */
export function canMatch({ everyPort, ranges, named, names }: PolicyRule, { ports }: Subject): boolean {
  return (
    everyPort || ranges.length > 0 || named.length > 0 || names.some((name) => ports.some(isServedAs(name)))
  )
}

/** Of rules that can match. */
export function buildRun(action: Action, rules: readonly PolicyRule[], subject: Subject): Run {
  const origins = rules.map(({ origin }) => origin)
  const everyPort = uniteEveryPort(rules, subject)
  if (everyPort?.kind === "any") return { action, everyPort, ports: [], named: null, origins }
  const offers = rules.flatMap((rule) => offersOf(rule, subject.ports))
  const ports = groupPorts(offers, (peers) => unitePeers(peers, subject.needed))
  const named = uniteNamedPorts(
    rules.flatMap((rule) => rule.named),
    subject,
  )
  return { action, everyPort, ports, named, origins }
}

function uniteEveryPort(rules: readonly PolicyRule[], { needed }: Subject): PeerUnion | null {
  return unitePeers(
    rules.filter(({ everyPort }) => everyPort).map(({ peers }) => peers),
    needed,
  )
}

function offersOf(
  { ranges, names, peers }: PolicyRule,
  ports: readonly ContainerPort[],
): readonly PortOffer[] {
  const served = names.flatMap((name) => ports.filter(isServedAs(name)))
  const resolved = served.map(({ protocol, port }) => ({ protocol, from: port, to: port }))
  return [...ranges, ...resolved].map((range) => ({ range, peers }))
}

function isServedAs(wanted: NamedPort): (port: ContainerPort) => boolean {
  return ({ name, protocol }) => name === wanted.name && protocol === wanted.protocol
}

/** Names of the same expression are one part of the key, so that the order of rules does not show in it. */
function uniteNamedPorts(all: readonly NamedPortPeers[], { needed }: Subject): SetKey | null {
  if (all.length === 0) return null
  const byExpression = Map.groupBy(all, ({ expression }) => expression)
  const parts = new Map(
    byExpression.entries().map(([expression, entries]) => {
      const names = namesByText(entries.flatMap(({ names }) => names))
      const text = `${[...names.keys()].join()}@${expression.text}`
      return [text, { expression, names: [...names.values()] }] as const
    }),
  )
  const key = unionText(parts.keys())
  needed.namedPorts ??= new Map()
  needed.namedPorts.set(key, [...parts.values()])
  return key
}
