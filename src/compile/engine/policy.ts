// Policies in the engine: their IR with every expression interned and what matches nothing left out.

import { unionOfBlocks } from "../address-ranges.ts"
import type {
  AddressBlock,
  Block,
  Direction,
  NamedPort,
  Peers,
  PodExpression,
  PolicyIr,
  PolicyReference,
  Rule,
} from "../policy-ir.ts"
import type { AddressRanges } from "../program.ts"
import { touchIdentity } from "./batch.ts"
import { namesByText, policyText } from "./canonical-text.ts"
import { EVERY_POD, releaseExpression, useExpression } from "./expression.ts"
import { mention, releaseMention } from "./identity.ts"
import type {
  EngineState,
  Expression,
  NamedPortPeers,
  PolicyBlock,
  PolicyRecord,
  PolicyRule,
  RulePeers,
} from "./state.ts"

export function setPolicy(state: EngineState, ir: PolicyIr): void {
  const record = readPolicy(state, ir)
  deletePolicy(state, ir.policy)
  state.policies.set(record.key, record)
  record.subject.policies.add(record)
  touchSubject(state, record.subject)
}

export function deletePolicy(state: EngineState, policy: PolicyReference): void {
  const record = state.policies.get(policyText(policy))
  if (record === undefined) return
  state.policies.delete(record.key)
  record.subject.policies.delete(record)
  touchSubject(state, record.subject)
  for (const each of record.expressions) releaseExpression(state, each)
  for (const name of record.portNames) {
    if (releaseMention(state.portNames, name)) state.batch.unused.portNames.push(name)
  }
}

function touchSubject(state: EngineState, subject: Expression): void {
  subject.version += 1
  for (const identity of subject.identities) touchIdentity(state, identity)
}

/** Interns what a policy mentions, and remembers each mention. */
interface Reader {
  readonly use: (expression: PodExpression) => Expression
  readonly name: (name: string) => void
}

function readPolicy(state: EngineState, ir: PolicyIr): PolicyRecord {
  const expressions: Expression[] = []
  const portNames: string[] = []
  const reader: Reader = {
    use: (source) => {
      const expression = useExpression(state, source)
      expressions.push(expression)
      return expression
    },
    name: (name) => {
      mention(state, state.portNames, name)
      portNames.push(name)
    },
  }
  const { policy, tier, order } = ir
  return {
    key: policyText(policy),
    policy,
    tier,
    order,
    subject: reader.use(ir.subject),
    ingress: ir.ingress === undefined ? null : readBlock(reader, ir.ingress, "ingress"),
    egress: ir.egress === undefined ? null : readBlock(reader, ir.egress, "egress"),
    expressions,
    portNames,
  }
}

function readBlock(reader: Reader, { isolates, rules }: Block, direction: Direction): PolicyBlock {
  return {
    isolates,
    rules: rules.map((rule) => readRule(reader, rule, direction)).filter((rule) => rule !== null),
  }
}

function readRule(reader: Reader, rule: Rule, direction: Direction): PolicyRule | null {
  const { action, origin } = rule
  const peers = readPeers(reader, rule.peers)
  if (!peers.any && peers.expressions.length === 0 && peers.ranges === null) return null
  if (rule.ports.kind === "any") {
    return { action, peers, everyPort: true, ranges: [], names: [], named: [], origin }
  }
  const { names } = rule.ports
  const ranges = rule.ports.ranges.filter(({ from, to }) => from <= to)
  if (ranges.length === 0 && names.length === 0) return null
  for (const { name } of names) reader.name(name)
  if (direction === "ingress") return { action, peers, everyPort: false, ranges, names, named: [], origin }
  const named = names.length === 0 ? [] : namedPortPeers(reader, peers, names)
  if (ranges.length === 0 && named.length === 0) return null
  return { action, peers, everyPort: false, ranges, names: [], named, origin }
}

function readPeers(reader: Reader, peers: Peers): RulePeers {
  if (peers.kind === "any") return { any: true, expressions: [], blocks: [], ranges: null }
  const expressions = peers.pods.map(reader.use)
  return { any: false, expressions, blocks: peers.blocks, ranges: rangesOf(peers.blocks) }
}

/**
 * An egress port name is resolved on the destination pod: for `any` peers on every pod that serves it. A block
 * names addresses, which have no port names, also where a pod owns them.
 */
function namedPortPeers(
  reader: Reader,
  peers: RulePeers,
  names: readonly NamedPort[],
): readonly NamedPortPeers[] {
  const sorted = [...namesByText(names).values()]
  const expressions = peers.any ? [reader.use(EVERY_POD)] : peers.expressions
  return expressions.map((expression) => ({ expression, names: sorted }))
}

export function rangesOf(blocks: readonly AddressBlock[]): AddressRanges | null {
  if (blocks.length === 0) return null
  const ranges = unionOfBlocks(blocks)
  return ranges.v4.length === 0 && ranges.v6.length === 0 ? null : ranges
}
