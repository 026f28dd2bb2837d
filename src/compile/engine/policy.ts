// Policies in the engine: their IR with every expression interned and what matches nothing left out.

import { unionOfBlocks } from "../address-ranges.ts"
import type {
  AddressBlock,
  Block,
  Direction,
  NamedPort,
  Peers,
  PolicyIr,
  PolicyReference,
  PortRange,
  Rule,
} from "../policy-ir.ts"
import type { AddressRanges } from "../program.ts"
import { NONE, visitItems, withItem, withoutItem } from "./bag.ts"
import { touchIdentity } from "./batch.ts"
import { namesByText, policyText } from "./canonical-text.ts"
import { EVERY_POD, releaseExpression, useExpression } from "./expression.ts"
import { mention, releaseMention } from "./identity.ts"
import type {
  NamedPortPeers,
  PolicyAbout,
  PolicyBlock,
  PolicyRecord,
  PolicyRule,
  RulePeers,
} from "./policy-record.ts"
import type { EngineState, Expression } from "./state.ts"

export function setPolicy(state: EngineState, ir: PolicyIr, about: PolicyAbout): void {
  const record = readPolicy(state, ir, about)
  visitRules(record, ({ names, named }) => {
    for (const { name } of names) mention(state, state.portNames, name)
    for (const each of named) for (const { name } of each.names) mention(state, state.portNames, name)
  })
  const { text, subject } = record
  const before = state.policies.get(text)
  if (before !== undefined) removePolicy(state, before)
  state.policies.set(text, record)
  state.batch.policies.push(record)
  subject.policies = withItem(subject.policies, record)
  touchSubject(state, subject)
}

export function deletePolicy(state: EngineState, policy: PolicyReference): void {
  const record = state.policies.get(policyText(policy))
  if (record !== undefined) removePolicy(state, record)
}

function removePolicy(state: EngineState, record: PolicyRecord): void {
  const { text, subject } = record
  state.policies.delete(text)
  state.batch.policies.push(record)
  subject.policies = withoutItem(subject.policies, record)
  touchSubject(state, subject)
  releaseExpression(state, subject)
  visitRules(record, ({ peers, names, named }) => {
    for (const each of peers.expressions) releaseExpression(state, each)
    for (const { name } of names) releaseName(state, name)
    for (const each of named) {
      if (peers.any) releaseExpression(state, each.expression)
      for (const { name } of each.names) releaseName(state, name)
    }
  })
}

function releaseName({ portNames, batch }: EngineState, name: string): void {
  if (releaseMention(portNames, name)) batch.unused.portNames.push(name)
}

function touchSubject(state: EngineState, subject: Expression): void {
  subject.version += 1
  visitItems(subject.identities, (identity) => touchIdentity(state, identity))
}

function visitRules({ ingress, egress }: PolicyRecord, visit: (rule: PolicyRule) => void): void {
  for (const rule of ingress?.rules ?? NONE) visit(rule)
  for (const rule of egress?.rules ?? NONE) visit(rule)
}

function readPolicy(
  state: EngineState,
  { policy, tier, order, subject, ingress, egress }: PolicyIr,
  about: PolicyAbout,
): PolicyRecord {
  const text = policyText(policy)
  const reading = { state, policyText: text }
  return {
    text,
    policy,
    about,
    tier,
    order,
    subject: useExpression(state, subject),
    ingress: ingress === undefined ? null : readBlock(reading, ingress, "ingress"),
    egress: egress === undefined ? null : readBlock(reading, egress, "egress"),
  }
}

const ISOLATING: PolicyBlock = { isolates: true, rules: NONE }
const ANYONE: RulePeers = { any: true, expressions: NONE, blocks: NONE, ranges: null }

interface Reading {
  readonly state: EngineState
  readonly policyText: string
}

function readBlock(reading: Reading, { isolates, rules }: Block, direction: Direction): PolicyBlock {
  if (isolates && rules.length === 0) return ISOLATING
  const read = rules.map((rule) => readRule(reading, rule, direction))
  return {
    isolates,
    rules: read.every((rule) => rule !== null) ? read : read.filter((rule) => rule !== null),
  }
}

/** Null where it can match nothing; then it uses no expression. */
function readRule({ state, policyText }: Reading, rule: Rule, direction: Direction): PolicyRule | null {
  const { action, origin } = rule
  const ports = readPorts(rule, direction)
  const ranges = rule.peers.kind === "any" ? null : rangesOf(rule.peers.blocks)
  if (ports === null || isNobody(rule.peers, ranges)) return null
  const { everyPort, names } = ports
  const peers = readPeers(state, rule.peers, ranges)
  if (direction === "ingress" || names.length === 0) {
    return { action, peers, everyPort, ranges: ports.ranges, names, named: NONE, origin, policyText }
  }
  const named = namedPortPeers(state, peers, names)
  return { action, peers, everyPort, ranges: ports.ranges, names: NONE, named, origin, policyText }
}

interface ReadPorts {
  readonly everyPort: boolean
  readonly ranges: readonly PortRange[]
  readonly names: readonly NamedPort[]
}

const EVERY_PORT: ReadPorts = { everyPort: true, ranges: NONE, names: NONE }

function readPorts({ ports, peers }: Rule, direction: Direction): ReadPorts | null {
  if (ports.kind === "any") return EVERY_PORT
  const ranges = ports.ranges.filter(({ from, to }) => from <= to)
  const nameless = direction === "egress" && peers.kind === "some" && peers.pods.length === 0
  const names = nameless ? NONE : ports.names
  return ranges.length === 0 && names.length === 0 ? null : { everyPort: false, ranges, names }
}

function isNobody(peers: Peers, ranges: AddressRanges | null): boolean {
  return peers.kind === "some" && peers.pods.length === 0 && ranges === null
}

function readPeers(state: EngineState, peers: Peers, ranges: AddressRanges | null): RulePeers {
  if (peers.kind === "any") return ANYONE
  const expressions = peers.pods.map((each) => useExpression(state, each))
  return { any: false, expressions, blocks: ranges === null ? NONE : peers.blocks, ranges }
}

/**
 * An egress port name is resolved on the destination pod: for `any` peers on every pod that serves it. A block
 * names addresses, which have no port names, also where a pod owns them.
 */
function namedPortPeers(
  state: EngineState,
  peers: RulePeers,
  names: readonly NamedPort[],
): readonly NamedPortPeers[] {
  const sorted = [...namesByText(names).values()]
  const expressions = peers.any ? [useExpression(state, EVERY_POD)] : peers.expressions
  return expressions.map((expression) => ({ expression, names: sorted }))
}

export function rangesOf(blocks: readonly AddressBlock[]): AddressRanges | null {
  if (blocks.length === 0) return null
  const ranges = unionOfBlocks(blocks)
  return ranges.v4.length === 0 && ranges.v6.length === 0 ? null : ranges
}
