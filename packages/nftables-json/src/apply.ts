// What a transaction makes of a ruleset: the pure core of the fake.
//
// The state is immutable: a transaction gives the next one, or the refusal of the first command that nft
// 1.0.6 or Linux 6.18 would refuse, and then nothing has happened.

import { addElements, deleteElements, flushElements } from "./apply-elements.ts"
import {
  type AddVerb,
  addChain,
  addObject,
  addSet,
  addTable,
  deleteChain,
  deleteObject,
  deleteSet,
  deleteTable,
  renameChain,
  resetObject,
} from "./apply-objects.ts"
import { renameChains } from "./apply-rename.ts"
import { deleteRule, flushChain, placeRule, replaceRule } from "./apply-rules.ts"
import { isTooDeep } from "./chain-depth.ts"
import {
  closeDraft,
  type Draft,
  openDraft,
  openTable,
  type Refusal,
  refuse,
  type TableDraft,
} from "./draft.ts"
import { codeOf, NftError } from "./errors.ts"
import { EMPTY_STATE, type KernelState, writtenRuleset } from "./kernel-state.ts"
import { tableOf } from "./ruleset-index.ts"
import type { Command, Family, Ruleset, RulesetObject, Transaction } from "./schema.ts"

export type Applied = { readonly ok: KernelState } | { readonly error: NftError }

export function applyTransaction(state: KernelState, transaction: Transaction): Applied {
  const draft = openDraft(state)
  for (const [index, command] of transaction.entries()) {
    const refusal = applyCommand(draft, command)
    if (refusal !== undefined) return { error: refusedBy(refusal, command, index) }
  }
  const deepened = [...draft.tables].filter(([, table]) => table.hasNewJumps).map(([key]) => key)
  for (const table of draft.tables.values()) renameChains(table)
  const next = closeDraft(draft, state.tables.keys())
  const isRefused = deepened
    .map((key) => next.tables.get(key))
    .some((table) => table !== undefined && isTooDeep(table))
  if (!isRefused) return { ok: next }
  // The kernel judges depth when everything else is done, and does not say which command was too much.
  return { error: new NftError({ code: "syntax", text: refuse("depth").text }) }
}

/** The ruleset as written, without handles, after the transaction; throws an NftError where nft would refuse. */
export function apply(ruleset: Ruleset, transaction: Transaction): Ruleset {
  const applied = applyTransaction(stateOf(ruleset), transaction)
  if ("error" in applied) throw applied.error
  return writtenRuleset(applied.ok)
}

/** The state that holds the ruleset, in whatever order it is written; throws an NftError where none can. */
export function stateOf(ruleset: Ruleset): KernelState {
  const rank = (object: RulesetObject) => {
    const kinds = ["table", "chain", "rule", "element"].map((kind) => kind in object)
    return kinds[0] === true ? 0 : kinds[1] === true ? 1 : kinds[2] === true ? 5 : kinds[3] === true ? 4 : 2
  }
  const sorted = ruleset.filter((object) => !("metainfo" in object)).toSorted((a, b) => rank(a) - rank(b))
  const applied = applyTransaction(
    EMPTY_STATE,
    sorted.map((object): Command => ({ add: withoutPlace(object) })),
  )
  if ("error" in applied) throw applied.error
  return applied.ok
}

/** A rule's handle is a place only in a command. */
function withoutPlace(object: RulesetObject): RulesetObject {
  if (!("rule" in object)) return object
  const { handle: _handle, index: _index, ...rule } = object.rule
  return { rule }
}

function refusedBy(refusal: Refusal, command: Command, index: number): NftError {
  return new NftError({ code: codeOf(refusal.text), text: refusal.text, command, index })
}

function applyCommand(draft: Draft, command: Command): Refusal | undefined {
  if ("add" in command) return applyAdd(draft, command.add, "add")
  if ("create" in command) return applyAdd(draft, command.create, "create")
  if ("insert" in command)
    return inTable(draft, command.insert, (table) => placeRule(table, command.insert.rule, "insert"))
  if ("replace" in command)
    return inTable(draft, command.replace, (table) => replaceRule(table, command.replace.rule))
  if ("delete" in command) return applyDelete(draft, command.delete)
  if ("flush" in command) return applyFlush(draft, command.flush)
  if ("reset" in command) return inTable(draft, command.reset, (table) => resetObject(table, command.reset))
  const { chain } = command.rename
  return inTable(draft, { chain }, (table) => renameChain(table, chain, chain.newname))
}

function applyAdd(draft: Draft, object: RulesetObject, verb: AddVerb): Refusal | undefined {
  if ("metainfo" in object) return undefined
  if ("table" in object) return addTable(draft, object.table, verb)
  return inTable(draft, object, (table) => {
    if ("chain" in object) return addChain(table, object.chain, verb)
    if ("rule" in object) return placeRule(table, object.rule, "add")
    if ("set" in object) return addSet(table, { kind: "set", set: object.set }, verb)
    if ("map" in object) return addSet(table, { kind: "map", set: object.map }, verb)
    if ("element" in object) return addElements(table, object.element, verb)
    return addObject(table, object, verb)
  })
}

function applyDelete(draft: Draft, object: RulesetObject): Refusal | undefined {
  if ("metainfo" in object) return undefined
  if ("table" in object) return deleteTable(draft, object.table)
  return inTable(draft, object, (table) => {
    if ("chain" in object) return deleteChain(table, object.chain)
    if ("rule" in object) return deleteRule(table, object.rule)
    if ("set" in object) return deleteSet(table, object.set)
    if ("map" in object) return deleteSet(table, object.map)
    if ("element" in object) return deleteElements(table, object.element)
    return deleteObject(table, object)
  })
}

/** Of a table the rules of all chains. */
function applyFlush(draft: Draft, object: RulesetObject | { readonly ruleset: null }): Refusal | undefined {
  if ("ruleset" in object) {
    draft.tables.clear()
    draft.untouched.clear()
    return undefined
  }
  return inTable(draft, object, (table) => {
    if ("set" in object) return flushElements(table, object.set.name)
    if ("map" in object) return flushElements(table, object.map.name)
    if ("chain" in object) return flushChain(table, object.chain.name)
    for (const { chain } of "table" in object ? [...table.chains.values()] : []) flushChain(table, chain.name)
    return "table" in object ? undefined : refuse("invalid")
  })
}

function inTable(
  draft: Draft,
  object: RulesetObject,
  act: (table: TableDraft) => Refusal | undefined,
): Refusal | undefined {
  if ("metainfo" in object) return undefined
  const [family, name]: readonly [Family, string] = tableOf(object)
  const table = openTable(draft, family, name)
  return table === undefined ? refuse("missing") : act(table)
}
