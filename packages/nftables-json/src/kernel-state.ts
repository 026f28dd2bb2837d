// What the kernel holds, indexed and immutable: the state that a transaction turns into the next one.
//
// Everything is kept twice: as it was written, and as nft lists it.

import { type CanonicalElement, canonicalElements, type ElementForm, elementForm } from "./element.ts"
import { isMapElement, isSetElement } from "./expression.ts"
import { normalizeChain, normalizeMap, normalizeNamed, normalizeSet, normalizeTable } from "./normalize.ts"
import { normalizeRule } from "./normalize-rule.ts"
import type { ObjectKey } from "./references.ts"
import type {
  Chain,
  Element,
  MapElement,
  NftMap,
  NftSet,
  Rule,
  Ruleset,
  RulesetObject,
  Statement,
  Table,
} from "./schema.ts"
import { emptySharded, type ShardedMap, valuesSharded } from "./sharded-map.ts"

export interface KernelState {
  readonly tables: ReadonlyMap<string, TableState>
  readonly lastHandle: number
}

export interface TableState {
  readonly table: Table
  readonly handle: number
  readonly lastHandle: number
  readonly objects: ShardedMap<ObjectState>
  readonly sets: ShardedMap<SetState>
  readonly chains: ShardedMap<ChainState>
  /** How many rules and elements refer to an object. */
  readonly uses: ShardedMap<number>
}

export interface ObjectState {
  readonly key: ObjectKey
  readonly handle: number
  readonly object: RulesetObject
}

export type SetState = SetDefinition & {
  readonly handle: number
  readonly form: ElementForm
  readonly elements: ShardedMap<CanonicalElement>
}

/** Without elements. */
export type SetDefinition =
  | { readonly kind: "set"; readonly set: NftSet }
  | { readonly kind: "map"; readonly set: NftMap }

export interface ChainState {
  readonly chain: Chain
  readonly handle: number
  readonly rules: readonly RuleState[]
}

export interface RuleState {
  readonly handle: number
  readonly rule: Rule
  readonly references: readonly ObjectKey[]
}

export const EMPTY_STATE: KernelState = { tables: new Map(), lastHandle: 0 }

export function emptyTable(table: Table, handle: number): TableState {
  const parts = { objects: emptySharded<ObjectState>(), sets: emptySharded<SetState>() }
  return {
    table,
    handle,
    lastHandle: 0,
    ...parts,
    chains: emptySharded(),
    uses: emptySharded(),
  }
}

export function formOf(set: NftSet | NftMap): ElementForm {
  // nft 1.0.6 does not read auto-merge from JSON.
  return { ...elementForm(set), merges: false }
}

/** Everything as it was written, without handles. */
export function writtenRuleset(state: KernelState): Ruleset {
  return [...state.tables.values()].flatMap((table) => {
    const chains = byHandle(table.chains)
    return [
      { table: table.table },
      ...byHandle(table.objects).map(({ object }) => object),
      ...byHandle(table.sets).map((set) => withElements(set, written(set))),
      ...chains.map(({ chain }) => ({ chain })),
      ...chains.flatMap(({ rules }) => rules.map(({ rule }) => ({ rule }))),
    ]
  })
}

/** One table in the order and form of `nft -j list`: objects, sets with elements, chains, rules. */
export function listTable(state: TableState): Ruleset {
  const chains = byHandle(state.chains)
  return [
    listTableAlone(state),
    ...byHandle(state.objects).map(listObject),
    ...byHandle(state.sets).map(listSet),
    ...chains.map(listChainAlone),
    ...chains.flatMap(listRules),
  ]
}

export function listTableAlone({ table, handle }: TableState): RulesetObject {
  return { table: { ...normalizeTable(table), handle } }
}

export function listChainAlone({ chain, handle }: ChainState): RulesetObject {
  return { chain: { ...normalizeChain(chain), handle } }
}

export function listRules({ rules }: ChainState): Ruleset {
  return rules.map(({ rule, handle }) => {
    const normal = normalizeRule(rule)
    return { rule: { ...normal, handle, expr: normal.expr.map(withZeroCounter) } }
  })
}

export function listSet(state: SetState): RulesetObject {
  const elements = canonicalElements(state.form, written(state)).map((each) => each.element)
  const { handle } = state
  if (state.kind === "set")
    return withElements({ kind: "set", set: { ...normalizeSet(state.set), handle } }, elements)
  return withElements({ kind: "map", set: { ...normalizeMap(state.set), handle } }, elements)
}

export function listObject({ object, handle }: ObjectState): RulesetObject {
  const normal = normalizeNamed(object)
  const [[kind, value] = ["", undefined]] = Object.entries(normal)
  const zero = kind === "counter" ? { packets: 0, bytes: 0 } : {}
  const listed: unknown = { [kind]: { ...value, ...zero, handle } }
  return isObject(listed) ? listed : normal
}

export function byHandle<T extends { readonly handle: number }>(map: ShardedMap<T>): readonly T[] {
  return [...valuesSharded(map)].toSorted((a, b) => a.handle - b.handle)
}

function withElements(of: SetDefinition, elements: readonly (Element | MapElement)[]): RulesetObject {
  if (of.kind === "map")
    return { map: elements.length === 0 ? of.set : { ...of.set, elem: elements.filter(isMapElement) } }
  return {
    set: elements.length === 0 ? of.set : { ...of.set, elem: elements.filter(isSetElement) },
  }
}

function written({ elements }: SetState): readonly (Element | MapElement)[] {
  return Array.from(valuesSharded(elements), (each) => each.source)
}

function withZeroCounter(statement: Statement): Statement {
  return "counter" in statement && statement.counter === null
    ? { counter: { packets: 0, bytes: 0 } }
    : statement
}

function isObject(value: unknown): value is RulesetObject {
  return typeof value === "object" && value !== null
}
