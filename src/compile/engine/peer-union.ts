// Peers of several rules as one: a union of pod expressions, which becomes one set, and one of address ranges.

import type { PeerUnion, SetKey } from "../program.ts"
import { unionText } from "./canonical-text.ts"
import { rangesOf } from "./policy.ts"
import type { Expression, NamedPortPeers, RulePeers } from "./state.ts"

/** The sets that a class names, by what they are made of. */
export interface NeededSets {
  readonly addresses: Map<SetKey, readonly Expression[]>
  readonly namedPorts: Map<SetKey, readonly NamedPortPeers[]>
}

/** Null for no peers at all. */
export function unitePeers(all: readonly RulePeers[], needed: NeededSets): PeerUnion | null {
  const [first] = all
  if (first === undefined) return null
  if (all.some(({ any }) => any)) return { kind: "any" }
  const expressions = all.length === 1 ? first.expressions : all.flatMap((each) => each.expressions)
  const withBlocks = all.filter(({ ranges }) => ranges !== null)
  const ranges =
    withBlocks.length <= 1
      ? (withBlocks[0]?.ranges ?? null)
      : rangesOf([...new Set(withBlocks)].flatMap(({ blocks }) => blocks))
  return { kind: "some", pods: uniteExpressions(expressions, needed), ranges }
}

function uniteExpressions(expressions: readonly Expression[], needed: NeededSets): SetKey | null {
  const [first] = expressions
  if (first === undefined) return null
  const distinct = expressions.length === 1 ? expressions : [...new Set(expressions)]
  const key = distinct.length === 1 ? first.text : unionText(distinct.map(({ text }) => text))
  needed.addresses.set(key, distinct)
  return key
}
