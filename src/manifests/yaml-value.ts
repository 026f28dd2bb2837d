// One parsed YAML document -> plain data, within bounds.
//
// The bounds hold off documents that are small to write and endless to read: deep nesting, aliases of
// aliases, anchors that hold themselves, and keys that are collections.

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, Scalar, type YAMLMap } from "yaml"
import { diagnostic, shown } from "../api/report.ts"
import type { Mistake } from "./mistake.ts"
import { MAX_DEPTH, startOf } from "./yaml-parse.ts"

/** Values that aliases may stand for, all together. */
const MAX_EXPANSION = 1_000_000

export interface YamlValue {
  /** Undefined where the document was refused. */
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
}

export function yamlValue(contents: Node | null): YamlValue {
  const state: State = { anchors: new Map(), mistakes: [], count: 0, expanded: 0, depth: 0, refused: false }
  const value = valueOf(contents, state)
  return { value: state.refused ? undefined : value, mistakes: state.mistakes }
}

/** The text of a key, or undefined where it is a collection. */
export function keyText(key: unknown): string | undefined {
  if (key === null) return "null"
  return isScalar(key) ? String(key.value) : undefined
}

/** A plain << : what it holds are the defaults of the mapping. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === Scalar.PLAIN
}

interface Anchored {
  readonly value: unknown
  /** How many values it stands for, aliases followed. */
  readonly size: number
}

interface State {
  /** null while the anchor is being read. */
  readonly anchors: Map<string, Anchored | null>
  readonly mistakes: Mistake[]
  count: number
  expanded: number
  depth: number
  refused: boolean
}

function valueOf(node: unknown, state: State): unknown {
  if (state.refused || node === null || node === undefined) return null
  if (isAlias(node)) return aliasValue(node.source, node, state)
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null
  const { anchor } = node
  const before = state.count++
  if (anchor !== undefined) state.anchors.set(anchor, null)
  const value = isScalar(node) ? node.value : deeper(node, state)
  if (anchor !== undefined) state.anchors.set(anchor, { value, size: state.count - before })
  return value
}

function deeper(node: Node, state: State): unknown {
  if (state.depth >= MAX_DEPTH)
    return refuse({ diagnostic: diagnostic("tooDeep", { limit: MAX_DEPTH }), node }, state)
  state.depth++
  const value = isMap(node)
    ? mapValue(node, state)
    : isSeq(node)
      ? node.items.map((item) => valueOf(item, state))
      : null
  state.depth--
  return value
}

function aliasValue(name: string, node: Node, state: State): unknown {
  const anchored = state.anchors.get(name)
  if (anchored === undefined) {
    const why = `the alias *${name} has no anchor before it`
    return refuse({ diagnostic: diagnostic("yamlSyntax", { why }), node }, state)
  }
  if (anchored === null) return refuse({ diagnostic: diagnostic("cyclicAlias", { name }), node }, state)
  state.count += anchored.size
  state.expanded += anchored.size
  if (state.expanded > MAX_EXPANSION) {
    return refuse({ diagnostic: diagnostic("aliasExpansion", { limit: MAX_EXPANSION }), node }, state)
  }
  return anchored.value
}

function mapValue(map: YAMLMap, state: State): unknown {
  const own = new Map<string, unknown>()
  const merged: unknown[] = []
  for (const pair of map.items) {
    const key = readKey(pair, map, state)
    if (key === undefined) return null
    const value = valueOf(pair.value, state)
    if (own.has(key)) duplicate(key, pair, state)
    else if (isMergeKey(pair.key)) merged.push(...(Array.isArray(value) ? value : [value]))
    else own.set(key, value)
  }
  for (const source of merged) mergeInto(own, source)
  // Unlike assignment, fromEntries makes an own property of __proto__.
  return Object.fromEntries(own)
}

function mergeInto(own: Map<string, unknown>, source: unknown): void {
  if (typeof source !== "object" || source === null) return
  for (const [key, value] of Object.entries(source)) if (!own.has(key)) own.set(key, value)
}

function readKey({ key }: Pair, map: YAMLMap, state: State): string | undefined {
  if (isAlias(key)) {
    const value = valueOf(key, state)
    if (typeof value !== "object" || value === null) return String(value)
  }
  const text = keyText(key)
  if (text === undefined && (isMap(key) || isSeq(key) || isAlias(key))) {
    const found = isSeq(key) ? "a list" : "a mapping"
    if (isDoubleBrace(map, key)) refuse({ diagnostic: diagnostic("template", {}), node: map }, state)
    else refuse({ diagnostic: diagnostic("keyIsNoText", { found }), node: key }, state)
  }
  return text
}

/** name: {{ .Values.name }} is YAML: a mapping in braces whose key is a mapping in braces. */
function isDoubleBrace(map: YAMLMap, key: Node): boolean {
  const start = startOf(map)
  return (
    map.flow === true && isMap(key) && key.flow === true && start !== undefined && startOf(key) === start + 1
  )
}

function duplicate(key: string, pair: Pair, state: State): void {
  const offset = isScalar(pair.key) ? startOf(pair.key) : undefined
  state.mistakes.push({ diagnostic: diagnostic("duplicateKey", { field: shown(key) }), offset: offset ?? 0 })
}

function refuse({ diagnostic, node }: { diagnostic: Mistake["diagnostic"]; node: Node }, state: State): null {
  if (!state.refused) state.mistakes.push({ diagnostic, offset: startOf(node) ?? 0 })
  state.refused = true
  return null
}
