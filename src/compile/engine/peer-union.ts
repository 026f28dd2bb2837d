// Peers of several rules as one: a union of pod expressions, which becomes one set, and one of address ranges.

import type { PeerUnion, SetKey } from "../program.ts"
import { unionText } from "./canonical-text.ts"
import { rangesOf } from "./policy.ts"
import type { NamedPortPeers, RulePeers } from "./policy-record.ts"
import type { Expression } from "./state.ts"

/** The sets that a class names, and what they are made of; the same one may be there several times. */
export interface NeededSets {
  addresses: readonly NeededAddresses[]
  namedPorts: readonly NeededNamedPorts[]
}

export interface NeededAddresses {
  readonly key: SetKey
  readonly expressions: readonly Expression[]
}

export interface NeededNamedPorts {
  readonly key: SetKey
  readonly peers: readonly NamedPortPeers[]
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
  if (needed.addresses.at(-1)?.key !== key) needed.addresses = needed.addresses.concat([{ key, expressions }])
  return key
}

/** The blocks of one rule are united already. */
function uniteRanges(all: readonly RulePeers[]): RulePeers["ranges"] {
  const some = all.filter(({ ranges }) => ranges !== null)
  const [first] = some
  if (first === undefined) return null
  return some.length === 1 ? first.ranges : rangesOf(some.flatMap(({ blocks }) => blocks))
}
