// Tables, chains, sets and named objects in the fake kernel.

import { addElements, flushElements } from "./apply-elements.ts"
import { flushChain } from "./apply-rules.ts"
import {
  createTable,
  type Draft,
  dropTable,
  isUsed,
  nextHandle,
  openTable,
  type Refusal,
  refuse,
  type TableDraft,
} from "./draft.ts"
import { stableText } from "./expression.ts"
import { formOf, type SetDefinition, type SetState } from "./kernel-state.ts"
import { normalizeMap, normalizeSet } from "./normalize.ts"
import { objectKey } from "./references.ts"
import type { Chain, NftMap, NftSet, RulesetObject, Table } from "./schema.ts"
import { emptySharded } from "./sharded-map.ts"

export type AddVerb = "add" | "create"

export function addTable(draft: Draft, table: Table, verb: AddVerb): Refusal | undefined {
  if (openTable(draft, table.family, table.name) !== undefined) {
    return verb === "create" ? refuse("exists") : undefined
  }
  createTable(draft, table)
  return undefined
}

export function deleteTable(draft: Draft, table: Table): Refusal | undefined {
  return dropTable(draft, table) ? undefined : refuse("missing")
}

/** Of a chain that exists only the policy changes. */
export function addChain(table: TableDraft, source: Chain, verb: AddVerb): Refusal | undefined {
  const { handle: _handle, ...chain } = source
  const known = table.chains.get(chain.name)
  if (known === undefined) {
    table.chains.set(chain.name, { chain, handle: nextHandle(table), rules: [] })
    return undefined
  }
  if (verb === "create") return refuse("exists")
  if (chain.hook === undefined) return undefined
  if (known.chain.hook === undefined) return refuse("exists")
  const { type, hook, prio } = known.chain
  if (type !== chain.type || hook !== chain.hook || prio !== chain.prio) return refuse("unsupported")
  if (chain.policy !== undefined) {
    table.chains.set(chain.name, { ...known, chain: { ...known.chain, policy: chain.policy } })
  }
  return undefined
}

export function deleteChain(table: TableDraft, { name }: Chain): Refusal | undefined {
  if (table.chains.get(name) === undefined) return refuse("missing")
  // A chain that jumps to itself is in use, as long as nobody flushes it first (Linux 6.18).
  if (isUsed(table, objectKey("chain", name))) return refuse("busy")
  flushChain(table, name)
  table.chains.delete(name)
  return undefined
}

export function renameChain(table: TableDraft, chain: Chain, newname: string): Refusal | undefined {
  if (table.chains.get(chain.name) === undefined) return refuse("missing")
  if (table.chains.get(newname) !== undefined) return refuse("exists")
  table.renamed.push({ from: chain, to: newname })
  return undefined
}

/** Of a set that exists size and time-out change. */
export function addSet(table: TableDraft, source: SetDefinition, verb: AddVerb): Refusal | undefined {
  const { handle: _handle, elem, ...rest } = source.set
  if (elem?.length === 0) return refuse("emptyList")
  // nft 1.0.6 knows the flag only in its native syntax.
  if (rest.flags?.includes("dynamic") ?? false) return refuse("dynamic")
  const definition: SetDefinition =
    source.kind === "map"
      ? { kind: "map", set: { ...rest, map: source.set.map } }
      : { kind: "set", set: rest }
  const known = table.sets.get(rest.name)
  if (known === undefined) {
    const state = { handle: nextHandle(table), form: formOf(rest), elements: emptySharded<never>() }
    table.sets.set(rest.name, { ...definition, ...state })
  } else {
    if (verb === "create" || identity(known) !== identity(definition)) return refuse("exists")
    table.sets.set(rest.name, updated(known, rest))
  }
  return elem === undefined || elem.length === 0
    ? undefined
    : addElements(table, { name: rest.name, elem }, "add")
}

export function deleteSet(table: TableDraft, { name }: { readonly name: string }): Refusal | undefined {
  if (table.sets.get(name) === undefined) return refuse("missing")
  if (isUsed(table, objectKey("set", name))) return refuse("busy")
  flushElements(table, name)
  table.elements.delete(name)
  table.sets.delete(name)
  return undefined
}

/** Counters, limits and the like: what exists stays as it is. */
export function addObject(table: TableDraft, object: RulesetObject, verb: AddVerb): Refusal | undefined {
  const key = namedKey(object)
  if (table.objects.get(key) !== undefined) return verb === "create" ? refuse("exists") : undefined
  table.objects.set(key, { key, handle: nextHandle(table), object })
  return undefined
}

export function deleteObject(table: TableDraft, object: RulesetObject): Refusal | undefined {
  const key = namedKey(object)
  if (table.objects.get(key) === undefined) return refuse("missing")
  if (isUsed(table, key)) return refuse("busy")
  table.objects.delete(key)
  return undefined
}

export function resetObject(table: TableDraft, object: RulesetObject): Refusal | undefined {
  return table.objects.get(namedKey(object)) === undefined ? refuse("missing") : undefined
}

function namedKey(object: RulesetObject): string {
  const [[kind, value] = ["", undefined]] = Object.entries(object)
  const name: unknown =
    typeof value === "object" && value !== null && "name" in value ? value.name : undefined
  return objectKey(kind, String(name))
}

/** What must be the same for `add` of a set that exists. */
function identity(definition: SetDefinition): string {
  const { kind } = definition
  const normal = definition.kind === "map" ? normalizeMap(definition.set) : normalizeSet(definition.set)
  const value = definition.kind === "map" ? definition.set.map : undefined
  const flags = [normal.flags ?? []].flat().filter((flag) => flag !== "constant")
  return stableText({ kind, type: normal.type, flags, value })
}

function updated(known: SetState, { size, timeout }: NftSet | NftMap): SetState {
  const changes = {
    ...(size === undefined || size === 0 ? {} : { size }),
    ...(timeout === undefined ? {} : { timeout }),
  }
  return known.kind === "map"
    ? { ...known, set: { ...known.set, ...changes } }
    : { ...known, set: { ...known.set, ...changes } }
}
