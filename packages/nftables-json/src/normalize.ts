// The canonical form of a ruleset: what was sent and what `nft -j list` prints of it are equal.
//
// Dropped is what changes by itself or what nft 1.0.6 does not print as JSON: handles, metainfo,
// counter values, expiry times; comments of tables and chains, the flags auto-merge and dynamic.
// Tables, objects and chains are sorted by name, rules keep their order.

import { canonicalElements, elementForm } from "./element.ts"
import { isMapElement, isSetElement } from "./expression.ts"
import { normalizeLimit, normalizeRule } from "./normalize-rule.ts"
import type { Chain, Element, MapElement, NftMap, NftSet, Ruleset, RulesetObject, Table } from "./schema.ts"

export function normalize(ruleset: Ruleset): Ruleset {
  const elements = elementsBySet(ruleset)
  const sorted = ruleset.flatMap((object) => normalizeObject(object, elements) ?? []).map(keyed)
  sorted.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return sorted.map((each) => each.object)
}

/** Comment and flags of a table are neither read from JSON nor printed there. */
export function normalizeTable({ family, name }: Table): Table {
  return { family, name }
}

export function normalizeChain(chain: Chain): Chain {
  const { family, table, name, type, hook, prio, dev, policy } = chain
  if (type === undefined || hook === undefined) return { family, table, name }
  const base = { family, table, name, type, hook, prio: prio ?? 0, policy: policy ?? "accept" } as const
  return dev === undefined ? base : { ...base, dev: typeof dev === "string" ? [dev] : dev.toSorted() }
}

/** The definition alone; canonicalElements has what it holds. */
export function normalizeSet(set: NftSet): NftSet {
  return definition(set)
}

export function normalizeMap(map: NftMap): NftMap {
  return { ...definition(map), map: map.map }
}

function definition(set: NftSet | NftMap): Omit<NftSet, "elem"> {
  const { family, table, name, type, policy, flags = [], timeout, size, comment, stmt } = set
  const interval = set["gc-interval"]
  // Newer nft prints one flag alone; sent so, nft 1.0.6 takes no notice of it, so the type does not allow it.
  const printed = [flags].flat().filter((flag) => flag !== "dynamic")
  const isTimed = timeout !== undefined && !printed.includes("timeout")
  const all = isTimed ? [...printed, "timeout" as const] : printed
  return {
    family,
    table,
    name,
    type,
    ...(all.length === 0 ? {} : { flags: all.toSorted() }),
    ...(policy === "memory" ? { policy } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(interval === undefined ? {} : { "gc-interval": interval }),
    ...(size === undefined ? {} : { size }),
    ...(comment === undefined ? {} : { comment }),
    ...(stmt === undefined
      ? {}
      : { stmt: stmt.map((each) => ("counter" in each ? { counter: null } : each)) }),
  }
}

/** Every set's elements, from its own entry and from element entries. */
function elementsBySet(ruleset: Ruleset): ReadonlyMap<string, readonly (Element | MapElement)[]> {
  const lists = new Map<string, (Element | MapElement)[]>()
  for (const object of ruleset) {
    const list =
      "set" in object
        ? object.set
        : "map" in object
          ? object.map
          : "element" in object
            ? object.element
            : undefined
    if (list?.elem === undefined) continue
    const key = setKey(list)
    const known = lists.get(key)
    if (known === undefined) lists.set(key, [...list.elem])
    else for (const element of list.elem) known.push(element)
  }
  return lists
}

interface Named {
  readonly family: string
  readonly table: string
  readonly name: string
}

function setKey({ family, table, name }: Named): string {
  return `${family} ${table} ${name}`
}

function normalizeObject(
  object: RulesetObject,
  elements: ReadonlyMap<string, readonly (Element | MapElement)[]>,
): RulesetObject | undefined {
  if ("metainfo" in object || "element" in object) return undefined
  if ("table" in object) return { table: normalizeTable(object.table) }
  if ("chain" in object) return { chain: normalizeChain(object.chain) }
  if ("rule" in object) return { rule: normalizeRule(object.rule) }
  if ("set" in object) {
    const elem = sortedElements(object.set, elements).filter(isSetElement)
    return { set: { ...normalizeSet(object.set), ...(elem.length === 0 ? {} : { elem }) } }
  }
  if ("map" in object) {
    const elem = sortedElements(object.map, elements).filter(isMapElement)
    return { map: { ...normalizeMap(object.map), ...(elem.length === 0 ? {} : { elem }) } }
  }
  return normalizeNamed(object)
}

/** Counters and the like: without handle and without what they have counted. */
export function normalizeNamed(object: RulesetObject): RulesetObject {
  if ("counter" in object) {
    const { family, table, name, comment } = object.counter
    return { counter: comment === undefined ? { family, table, name } : { family, table, name, comment } }
  }
  if ("quota" in object) {
    const { handle: _handle, used: _used, ...quota } = object.quota
    return { quota }
  }
  if ("limit" in object) {
    const { family, table, name, comment, handle: _handle, ...limit } = object.limit
    const named = { family, table, name, ...normalizeLimit(limit) }
    return { limit: comment === undefined ? named : { ...named, comment } }
  }
  if ("flowtable" in object) return { flowtable: unnumbered(object.flowtable) }
  if ("ct helper" in object) return { "ct helper": unnumbered(object["ct helper"]) }
  if ("ct timeout" in object) return { "ct timeout": unnumbered(object["ct timeout"]) }
  if ("ct expectation" in object) return { "ct expectation": unnumbered(object["ct expectation"]) }
  if ("synproxy" in object) return { synproxy: unnumbered(object.synproxy) }
  if ("secmark" in object) return { secmark: unnumbered(object.secmark) }
  return object
}

function unnumbered<T extends { readonly handle?: number }>(object: T): T {
  const { ...copy }: { handle?: number } & T = object
  delete copy.handle
  return copy
}

function sortedElements(
  set: NftSet | NftMap,
  elements: ReadonlyMap<string, readonly (Element | MapElement)[]>,
): readonly (Element | MapElement)[] {
  return canonicalElements(elementForm(set), elements.get(setKey(set)) ?? []).map((each) => each.element)
}

function keyed(object: RulesetObject): { readonly key: string; readonly object: RulesetObject } {
  return { key: sortKey(object), object }
}

/** Table, then kind in the order of `nft list`, then name. */
function sortKey(object: RulesetObject): string {
  if ("table" in object) return `${object.table.family}\0${object.table.name}\x000`
  if ("rule" in object) return `${object.rule.family}\0${object.rule.table}\x004\0${object.rule.chain}`
  const [kind = "", value] = Object.entries(object)[0] ?? []
  const rank = kind === "chain" ? "3" : kind === "set" || kind === "map" ? "2" : `1${kind}`
  return `${text(value, "family")}\0${text(value, "table")}\0${rank}\0${text(value, "name")}`
}

function text(value: unknown, field: string): string {
  return typeof value === "object" && value !== null ? String(Reflect.get(value, field)) : ""
}
