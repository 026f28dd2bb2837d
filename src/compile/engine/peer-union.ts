// Peers of several rules as one: a union of pod expressions, which becomes one set, and one of address ranges.

import type { PeerUnion, SetKey } from "../program.ts"
import { unionText } from "./canonical-text.ts"
import { rangesOf } from "./policy.ts"
import type { Expression, NamedPortPeers, RulePeers } from "./state.ts"

/** The sets that a class names, by what they are made of; null for none. */
export interface NeededSets {
  addresses: Map<SetKey, readonly Expression[]> | null
  namedPorts: Map<SetKey, readonly NamedPortPeers[]> | null
}

const ANYONE: PeerUnion = { kind: "any" }

/** Null for no peers at all. */
export function unitePeers(all: readonly RulePeers[], needed: NeededSets): PeerUnion | null {
  const [first] = all
  if (first === undefined) return null
  if (all.length === 1) return uniteOne(first, needed)
  const distinct = new Set<RulePeers>()
  const expressions = new Set<Expression>()
  for (const peers of all) {
    if (peers.any) return ANYONE
    distinct.add(peers)
    for (const each of peers.expressions) expressions.add(each)
  }
  return {
    kind: "some",
    pods: uniteExpressions([...expressions], needed),
    ranges: uniteRanges([...distinct]),
  }
}

function uniteOne({ any, expressions, ranges }: RulePeers, needed: NeededSets): PeerUnion {
  if (any) return ANYONE
  const distinct = expressions.length > 1 ? [...new Set(expressions)] : expressions
  return { kind: "some", pods: uniteExpressions(distinct, needed), ranges }
}

function uniteExpressions(expressions: readonly Expression[], needed: NeededSets): SetKey | null {
  const [first] = expressions
  if (first === undefined) return null
  const key = expressions.length === 1 ? first.text : unionText(expressions.map(({ text }) => text))
  needed.addresses ??= new Map()
  needed.addresses.set(key, expressions)
  return key
}

/** The blocks of one rule are united already. */
function uniteRanges(all: readonly RulePeers[]): RulePeers["ranges"] {
  const some = all.filter(({ ranges }) => ranges !== null)
  const [first] = some
  if (first === undefined) return null
  return some.length === 1 ? first.ranges : rangesOf(some.flatMap(({ blocks }) => blocks))
}
