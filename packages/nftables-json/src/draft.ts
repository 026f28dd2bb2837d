// A state being changed by one transaction. What is not touched is shared with the state before.

import type { CanonicalElement } from "./element.ts"
import {
  type ChainState,
  emptyTable,
  type KernelState,
  type ObjectState,
  type SetState,
  type TableState,
} from "./kernel-state.ts"
import type { ObjectKey } from "./references.ts"
import { tableKey } from "./ruleset-index.ts"
import type { Chain, Family, Table } from "./schema.ts"
import { editSharded, emptySharded, type ShardedDraft } from "./sharded-map.ts"

export interface Draft {
  readonly tables: Map<string, TableDraft>
  readonly untouched: Map<string, TableState>
  lastHandle: number
}

export interface TableDraft {
  readonly table: Table
  readonly handle: number
  lastHandle: number
  /** Handles above it were given in this transaction. */
  readonly firstHandle: number
  readonly objects: ShardedDraft<ObjectState>
  readonly sets: ShardedDraft<SetState>
  readonly chains: ShardedDraft<ChainState>
  readonly uses: ShardedDraft<number>
  /** Elements of the sets that change; written back when the draft is closed. */
  readonly elements: Map<string, ShardedDraft<CanonicalElement>>
  /** nft knows a renamed chain under its old name to the end of the transaction. */
  readonly renamed: { readonly from: Chain; readonly to: string }[]
  /** A jump was added: depth has to be judged again. */
  hasNewJumps: boolean
}

/** Why nft or the kernel refuses, in their words. */
export interface Refusal {
  readonly text: string
}

export function refuse(reason: keyof typeof REASONS): Refusal {
  return { text: `Error: ${REASONS[reason]}` }
}

const REASONS = {
  missing: "Could not process rule: No such file or directory",
  exists: "Could not process rule: File exists",
  busy: "Could not process rule: Device or resource busy",
  full: "Could not process rule: Too many open files in system",
  unsupported: "Could not process rule: Operation not supported",
  invalid: "Could not process rule: Invalid argument",
  depth: "Could not process rule: Too many links",
  overlap: "interval overlaps with an existing one",
  address: "Could not resolve hostname: Name or service not known",
  emptyList: "Invalid set elem expression.",
  dynamic: "Invalid set flag at index 0.",
  aborted: "nft was ended by SIGABRT (BUG: unhandled op 2)",
  noMap: "Unexpected data: set is not a map",
} as const

export function openDraft(state: KernelState): Draft {
  return { tables: new Map(), untouched: new Map(state.tables), lastHandle: state.lastHandle }
}

export function closeDraft(draft: Draft, order: Iterable<string>): KernelState {
  const tables = new Map<string, TableState>()
  const close = (key: string) => {
    const open = draft.tables.get(key)
    const state = open === undefined ? draft.untouched.get(key) : closeTable(open)
    if (state !== undefined) tables.set(key, state)
  }
  for (const key of [...order, ...draft.tables.keys()]) if (!tables.has(key)) close(key)
  return { tables, lastHandle: draft.lastHandle }
}

export function openTable(draft: Draft, family: Family, name: string): TableDraft | undefined {
  const key = tableKey(family, name)
  const open = draft.tables.get(key)
  const state = draft.untouched.get(key)
  if (open !== undefined || state === undefined) return open
  const opened: TableDraft = {
    table: state.table,
    handle: state.handle,
    lastHandle: state.lastHandle,
    firstHandle: state.lastHandle,
    objects: editSharded(state.objects),
    sets: editSharded(state.sets),
    chains: editSharded(state.chains),
    uses: editSharded(state.uses),
    elements: new Map(),
    renamed: [],
    hasNewJumps: false,
  }
  draft.untouched.delete(key)
  draft.tables.set(key, opened)
  return opened
}

export function createTable(draft: Draft, table: Table): void {
  const key = tableKey(table.family, table.name)
  const { handle: _handle, ...definition } = table
  draft.lastHandle++
  draft.untouched.set(key, emptyTable(definition, draft.lastHandle))
  openTable(draft, table.family, table.name)
}

export function dropTable(draft: Draft, { family, name }: Table): boolean {
  const key = tableKey(family, name)
  const wasOpen = draft.tables.delete(key)
  return draft.untouched.delete(key) || wasOpen
}

export function nextHandle(table: TableDraft): number {
  table.lastHandle++
  return table.lastHandle
}

export function openElements(table: TableDraft, name: string, set: SetState): ShardedDraft<CanonicalElement> {
  const known = table.elements.get(name)
  if (known !== undefined) return known
  const opened = editSharded(set.elements)
  table.elements.set(name, opened)
  return opened
}

export function clearElements(table: TableDraft, name: string): void {
  table.elements.set(name, editSharded(emptySharded<CanonicalElement>()))
}

export function useAll(table: TableDraft, references: readonly ObjectKey[], by: 1 | -1): void {
  for (const key of references) {
    table.uses.set(key, (table.uses.get(key) ?? 0) + by)
    if (by === 1 && key.startsWith("chain ")) table.hasNewJumps = true
  }
}

export function isUsed(table: TableDraft, key: ObjectKey): boolean {
  return (table.uses.get(key) ?? 0) > 0
}

/** Refuses references to what is not there, and jumps into base chains. */
export function checkReferences(table: TableDraft, references: readonly ObjectKey[]): Refusal | undefined {
  for (const key of references) {
    const at = key.lastIndexOf(" ")
    const [kind, name] = [key.slice(0, at), key.slice(at + 1)]
    if (kind === "chain") {
      const target = table.chains.get(name)
      if (target === undefined) return refuse("missing")
      if (target.chain.hook !== undefined) return refuse("unsupported")
      continue
    }
    const isThere = kind === "set" ? table.sets.get(name) !== undefined : table.objects.get(key) !== undefined
    if (!isThere) return refuse("missing")
  }
  return undefined
}

function closeTable(table: TableDraft): TableState {
  for (const [name, elements] of table.elements) {
    const set = table.sets.get(name)
    if (set !== undefined) table.sets.set(name, { ...set, elements: elements.close() })
  }
  return {
    table: table.table,
    handle: table.handle,
    lastHandle: table.lastHandle,
    objects: table.objects.close(),
    sets: table.sets.close(),
    chains: table.chains.close(),
    uses: table.uses.close(),
  }
}
