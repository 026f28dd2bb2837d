// A ruleset by tables and names, with elements and rules at what they belong to.

import { type ObjectKey, objectKey } from "./references.ts"
import type {
  Chain,
  Element,
  Family,
  MapElement,
  NftMap,
  NftSet,
  Rule,
  Ruleset,
  RulesetObject,
  Table,
} from "./schema.ts"

export interface TableIndex {
  readonly table: Table
  /** Counters, limits and the like. */
  readonly objects: ReadonlyMap<ObjectKey, RulesetObject>
  readonly sets: ReadonlyMap<string, SetIndex>
  readonly chains: ReadonlyMap<string, ChainIndex>
}

export type SetIndex = (
  | { readonly kind: "set"; readonly set: NftSet }
  | { readonly kind: "map"; readonly set: NftMap }
) & { readonly elements: readonly (Element | MapElement)[] }

export interface ChainIndex {
  readonly chain: Chain
  readonly rules: readonly Rule[]
}

/** By family and name of the table; what belongs to a table that is not in the ruleset makes one up. */
export function indexRuleset(ruleset: Ruleset): ReadonlyMap<string, TableIndex> {
  const tables = new Map<string, OpenTable>()
  for (const object of ruleset) {
    if ("metainfo" in object) continue
    if ("table" in object) open(tables, object.table.family, object.table.name).table = object.table
    else place(open(tables, ...tableOf(object)), object)
  }
  return tables
}

export function tableKey(family: Family, name: string): string {
  return `${family} ${name}`
}

/** Family and name of the table that an object belongs to. */
export function tableOf(
  object: Exclude<RulesetObject, { readonly metainfo: unknown }>,
): readonly [Family, string] {
  if ("table" in object) return [object.table.family, object.table.name]
  const [value] = Object.values(object)
  return value === undefined ? ["inet", ""] : [value.family, value.table]
}

export function isBaseChain(chain: Chain): boolean {
  return chain.hook !== undefined
}

interface OpenTable {
  table: Table
  readonly objects: Map<ObjectKey, RulesetObject>
  readonly sets: Map<string, OpenSet>
  readonly chains: Map<string, { chain: Chain; readonly rules: Rule[] }>
}
type OpenSet = SetIndex & { readonly elements: (Element | MapElement)[] }

function open(tables: Map<string, OpenTable>, family: Family, name: string): OpenTable {
  const key = tableKey(family, name)
  const known = tables.get(key)
  if (known !== undefined) return known
  const created = { table: { family, name }, objects: new Map(), sets: new Map(), chains: new Map() }
  tables.set(key, created)
  return created
}

function place(table: OpenTable, object: Exclude<RulesetObject, { readonly table: unknown }>): void {
  if ("metainfo" in object) return
  if ("set" in object) {
    const { elem = [], ...set } = object.set
    table.sets.set(set.name, { kind: "set", set, elements: [...elem] })
  } else if ("map" in object) {
    const { elem = [], ...set } = object.map
    table.sets.set(set.name, { kind: "map", set, elements: [...elem] })
  } else if ("element" in object) {
    const elements = table.sets.get(object.element.name)?.elements
    for (const element of object.element.elem) elements?.push(element)
  } else if ("chain" in object) {
    const rules = table.chains.get(object.chain.name)?.rules ?? []
    table.chains.set(object.chain.name, { chain: object.chain, rules })
  } else if ("rule" in object) {
    const { family, table: name, chain } = object.rule
    const known = table.chains.get(chain) ?? { chain: { family, table: name, name: chain }, rules: [] }
    known.rules.push(object.rule)
    table.chains.set(chain, known)
  } else {
    const [[kind, named] = ["", undefined]] = Object.entries(object)
    if (named !== undefined) table.objects.set(objectKey(kind, named.name), object)
  }
}
