// Where a field path is in a parsed YAML document.

import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml"
import type { FieldPath } from "../api/diagnostic.ts"
import { startOf } from "./yaml-parse.ts"
import { isMergeKey, keyText } from "./yaml-value.ts"

/** Offset of the value at a path, or of the nearest thing above it that is there. */
export function yamlOffset(document: Document.Parsed, path: FieldPath, pointsAt?: "key"): number {
  let node: unknown = document.contents
  let offset = startOf(document.contents) ?? 0
  for (const [i, segment] of path.entries()) {
    const step = stepInto(resolved(node, document), segment, document)
    if (step === undefined) return offset
    const last = i === path.length - 1
    offset = (last && pointsAt === "key" ? step.key : undefined) ?? placeOf(step) ?? offset
    node = step.value
  }
  return offset
}

interface Step {
  readonly key: number | undefined
  readonly value: unknown
}

function stepInto(node: unknown, segment: string | number, document: Document.Parsed): Step | undefined {
  if (isSeq(node) && typeof segment === "number") {
    return segment < node.items.length ? { key: undefined, value: node.items[segment] } : undefined
  }
  if (!isMap(node)) return undefined
  const pair = pairOf(node, String(segment), document)
  return pair && { key: isScalar(pair.key) ? startOf(pair.key) : undefined, value: pair.value }
}

/** The pair of a key; where there is none, that of a mapping that is merged in. */
function pairOf(map: YAMLMap, key: string, document: Document.Parsed): Pair | undefined {
  const own = map.items.find((pair) => keyText(resolved(pair.key, document)) === key && !isMergeKey(pair.key))
  if (own !== undefined) return own
  for (const { key: mergeKey, value } of map.items) {
    if (!isMergeKey(mergeKey)) continue
    const merged = resolved(value, document)
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const map = resolved(source, document)
      const found = isMap(map) ? pairOf(map, key, document) : undefined
      if (found !== undefined) return found
    }
  }
  return undefined
}

function resolved(node: unknown, document: Document.Parsed): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

/** A block collection is where its key is: its own start is on a later line. */
function placeOf({ key, value }: Step): number | undefined {
  if (isCollection(value) && value.flow !== true && key !== undefined) return key
  return isNode(value) ? (startOf(value) ?? key) : key
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isCollection(value) || isAlias(value)
}
