// A list of policies of one direction, read for being asked about many peers.
//
// Tiers in order: Accept and Deny are final, Pass skips the rest of the tier, Log never decides; behind the
// rules of a tier that isolates what is left is denied, and behind the last tier it is accepted.

import type { Direction, Rule } from "../compile/policy-ir.ts"
import type { ContainerPort } from "../compile/snapshot.ts"
import type { AddressPlace, ClusterView, Peer, PolicyRecord } from "./cluster-view.ts"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionSetOf,
  intersect,
  NO_CONNECTIONS,
  type ProtocolPorts,
  subtract,
  union,
} from "./connection-set.ts"
import { blockText } from "./model/blocks.ts"

/** The policies of one direction that select a subject, in order; one object for equal lists in a reach. */
export interface Stack {
  readonly direction: Direction
  readonly policies: readonly PolicyRecord[]
  /** Some policy isolates. */
  readonly isolates: boolean
}

export interface PeerAddress {
  readonly peer: Peer
  readonly place: AddressPlace
}

/** A stack of subjects whose port names mean the same. */
export interface ReadStack extends Stack {
  readonly tiers: readonly ReadTier[]
  /** Of the subjects, where rules of ingress name ports. */
  readonly ports: readonly ContainerPort[]
  readonly namesPorts: boolean
  readonly ruleCount: number
  /** By the rules that hold a peer, and how. */
  readonly answers: Map<string | number, ConnectionSet>
}

interface ReadTier {
  readonly isolates: boolean
  readonly rules: readonly ReadRule[]
}

interface ReadRule {
  readonly rule: Rule
  readonly blocks: readonly string[]
}

/** How a rule holds a peer: as a pod, whose port names egress may mean; as an address; not at all. One letter each. */
type Hold = typeof POD | typeof ADDRESS | typeof NOT
const POD = "p"
const ADDRESS = "a"
const NOT = "-"

export function readStack(
  direction: Direction,
  policies: readonly PolicyRecord[],
  ports: readonly ContainerPort[],
): ReadStack {
  const orders = [...new Set(policies.map(({ ir }) => ir.tier.order))].sort((a, b) => a - b)
  const tiers = orders.map((order): ReadTier => {
    const blocks = policies.flatMap(({ ir }) => (ir.tier.order === order ? (ir[direction] ?? []) : []))
    return {
      isolates: blocks.some(({ isolates }) => isolates),
      rules: blocks.flatMap(({ rules }) => rules.filter(({ action }) => action !== "Log").map(readRule)),
    }
  })
  return {
    direction,
    policies,
    isolates: tiers.some(({ isolates }) => isolates),
    tiers,
    ports,
    namesPorts: namesPorts(direction, policies),
    ruleCount: tiers.reduce((sum, { rules }) => sum + rules.length, 0),
    answers: new Map(),
  }
}

export function namesPorts(direction: Direction, policies: readonly PolicyRecord[]): boolean {
  return policies.some(({ ir }) =>
    ir[direction]?.rules.some(({ ports }) => ports.kind === "some" && ports.names.length > 0),
  )
}

/** What the stack lets through to or from an address of a peer. */
export function passing(stack: ReadStack, address: PeerAddress, view: ClusterView): ConnectionSet {
  if (stack.ruleCount === 0) return stack.isolates ? NO_CONNECTIONS : ALL_CONNECTIONS
  return answerTo(stack, address, view)
}

function readRule(rule: Rule): ReadRule {
  return { rule, blocks: rule.peers.kind === "any" ? [] : rule.peers.blocks.map(blockText) }
}

export function answerTo(stack: ReadStack, address: PeerAddress, view: ClusterView): ConnectionSet {
  const isServedByPeer = stack.direction === "egress" && stack.namesPorts
  const key = isServedByPeer || stack.ruleCount > MOST_DIGITS ? "" : holdsNumber(stack, address, view)
  if (key !== "") {
    const known = stack.answers.get(key)
    if (known !== undefined) return known
  }
  const holds = holdsText(stack, address, view)
  const served = isServedByPeer ? portsOf(address.peer) : stack.ports
  const whole = key === "" ? `${holds}${isServedByPeer ? portsText(served) : ""}` : key
  const known = stack.answers.get(whole)
  if (known !== undefined) return known
  const answer = evaluate(stack, holds, served)
  stack.answers.set(whole, answer)
  return answer
}

/** How each rule holds a peer, as a number of so many ternary digits: it is asked for every pair, and a text costs more. */
const MOST_DIGITS = 33

function holdsNumber({ tiers }: ReadStack, address: PeerAddress, view: ClusterView): number {
  let number = 0
  for (const { rules } of tiers) {
    for (const rule of rules) {
      const hold = holdOf(rule, address, view)
      number = number * 3 + (hold === NOT ? 0 : hold === POD ? 1 : 2)
    }
  }
  return number
}

function holdsText({ tiers }: ReadStack, address: PeerAddress, view: ClusterView): string {
  return tiers.flatMap(({ rules }) => rules.map((rule) => holdOf(rule, address, view))).join("")
}

function portsOf(peer: Peer): readonly ContainerPort[] {
  return peer.kind === "pods" ? peer.ports : []
}

export function portsText(ports: readonly ContainerPort[]): string {
  return ports.map(({ name, protocol, port }) => ` ${name} ${protocol} ${port}`).join("")
}

function holdOf({ rule, blocks }: ReadRule, { peer, place }: PeerAddress, view: ClusterView): Hold {
  const { peers } = rule
  if (peers.kind === "any") return POD
  // Loops, because this is where the time of a large cluster goes.
  if (peer.kind === "pods") for (const each of peers.pods) if (view.holds(each, peer)) return POD
  if (place.blocks.size > 0) for (const each of blocks) if (place.blocks.has(each)) return ADDRESS
  return NOT
}

function evaluate(
  { direction, tiers }: ReadStack,
  holds: string,
  served: readonly ContainerPort[],
): ConnectionSet {
  let accepted = NO_CONNECTIONS
  let open = ALL_CONNECTIONS
  let place = 0
  for (const { isolates, rules } of tiers) {
    let passed = NO_CONNECTIONS
    let left = open
    for (const { rule } of rules) {
      const hold = holds[place++]
      if (hold === NOT) continue
      // An address has no port names, whoever owns it: a rule of egress names those of pods only.
      const named = direction === "egress" && hold === ADDRESS ? [] : served
      const meant = intersect(portsMeant(rule, named), left)
      left = subtract(left, meant)
      if (rule.action === "Accept") accepted = union(accepted, meant)
      if (rule.action === "Pass") passed = union(passed, meant)
    }
    open = isolates ? passed : union(passed, left)
  }
  return union(accepted, open)
}

function portsMeant({ ports }: Rule, served: readonly ContainerPort[]): ConnectionSet {
  if (ports.kind === "any") return ALL_CONNECTIONS
  const named = ports.names.flatMap(({ name, protocol }) =>
    served.flatMap((each): readonly ProtocolPorts[] =>
      each.name === name && each.protocol === protocol ? [{ protocol, from: each.port, to: each.port }] : [],
    ),
  )
  return connectionSetOf([...ports.ranges.filter(({ from, to }) => from <= to), ...named])
}
