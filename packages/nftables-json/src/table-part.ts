// The parts of a table as a change sees them: something with a definition, which may hold elements or rules.

import { stableText } from "./expression.ts"
import { normalizeChain, normalizeMap, normalizeNamed, normalizeSet } from "./normalize.ts"
import { elementReferences, type ObjectKey, objectKey, referencesOf } from "./references.ts"
import { type ChainIndex, isBaseChain, type SetIndex, type TableIndex } from "./ruleset-index.ts"
import type { Command, RulesetObject } from "./schema.ts"

export type Part = {
  readonly key: ObjectKey
  /** Canonical; parts with equal definitions can be turned into each other. A chain's policy can change, so it is left out. */
  readonly definition: string
  /** The definition alone, as it is added or deleted. */
  readonly object: RulesetObject
} & (
  | { readonly kind: "object" }
  | { readonly kind: "chain"; readonly chain: ChainIndex; readonly isBase: boolean }
  | { readonly kind: "set"; readonly set: SetIndex }
)

/** In the order in which they can be added. */
export function partsOf(table: TableIndex): ReadonlyMap<ObjectKey, Part> {
  const objects = [...table.objects].map(
    ([key, object]): Part => ({
      kind: "object",
      key,
      definition: stableText(normalizeNamed(object)),
      object,
    }),
  )
  const parts = [
    ...objects,
    ...[...table.chains.values()].map(chainPart),
    ...[...table.sets.values()].map(setPart),
  ]
  return new Map(parts.map((part) => [part.key, part]))
}

/** What the rules or elements of the part refer to. */
export function partReferences(part: Part): readonly ObjectKey[] {
  switch (part.kind) {
    case "object":
      return []
    case "chain":
      return part.chain.rules.flatMap((rule) => referencesOf(rule.expr))
    case "set":
      return part.set.kind === "map" ? part.set.elements.flatMap(elementReferences) : []
  }
}

export function addPart(part: Part): Command {
  return { add: part.object }
}

export function deletePart(part: Part): Command {
  return { delete: part.object }
}

/** Takes the rules or elements out. */
export function flushPart(part: Part): readonly Command[] {
  return part.kind === "object" ? [] : [{ flush: part.object }]
}

function chainPart(index: ChainIndex): Part {
  const { handle: _handle, ...chain } = index.chain
  const { policy: _policy, ...definition } = normalizeChain(chain)
  return {
    kind: "chain",
    key: objectKey("chain", chain.name),
    definition: stableText(definition),
    object: { chain },
    chain: index,
    isBase: isBaseChain(chain),
  }
}

function setPart(index: SetIndex): Part {
  const key = objectKey("set", index.set.name)
  if (index.kind === "map") {
    const { handle: _handle, elem: _elem, ...map } = index.set
    return { kind: "set", key, definition: stableText(normalizeMap(map)), object: { map }, set: index }
  }
  const { handle: _handle, elem: _elem, ...set } = index.set
  return { kind: "set", key, definition: stableText(normalizeSet(set)), object: { set }, set: index }
}
