// Rules in the fake kernel: add, insert, replace, delete.

import { checkReferences, nextHandle, type Refusal, refuse, type TableDraft, useAll } from "./draft.ts"
import { hasAnonymousIntervals } from "./expression.ts"
import type { ChainState, RuleState } from "./kernel-state.ts"
import { referencesOf } from "./references.ts"
import type { Rule } from "./schema.ts"

/** `index` names the rule to stand behind (add) or before (insert); of `handle` only insert takes notice (nft 1.0.6). */
export function placeRule(table: TableDraft, rule: Rule, verb: "add" | "insert"): Refusal | undefined {
  const chain = table.chains.get(rule.chain)
  if (chain === undefined) return refuse("missing")
  const at = position(table, { chain, rule, verb })
  if (at === undefined) return refuse("missing")
  const state = ruleState(table, rule)
  if ("text" in state) return state
  setRules(table, chain, chain.rules.toSpliced(at, 0, state))
  return undefined
}

export function replaceRule(table: TableDraft, rule: Rule): Refusal | undefined {
  if (hasAnonymousIntervals(rule.expr)) return refuse("aborted")
  const chain = table.chains.get(rule.chain)
  const at = chain?.rules.findIndex((each) => each.handle === rule.handle) ?? -1
  const old = chain?.rules[at]
  if (chain === undefined || old === undefined) return refuse("missing")
  const state = ruleState(table, rule)
  if ("text" in state) return state
  useAll(table, old.references, -1)
  // Linux 6.18 keeps the handle, older kernels give a new one: nobody should count on either.
  setRules(table, chain, chain.rules.toSpliced(at, 1, { ...state, handle: old.handle }))
  return undefined
}

export function deleteRule(table: TableDraft, rule: Rule): Refusal | undefined {
  const chain = table.chains.get(rule.chain)
  const at = chain?.rules.findIndex((each) => each.handle === rule.handle) ?? -1
  const old = chain?.rules[at]
  if (chain === undefined || old === undefined) return refuse("missing")
  useAll(table, old.references, -1)
  setRules(table, chain, chain.rules.toSpliced(at, 1))
  return undefined
}

export function flushChain(table: TableDraft, name: string): Refusal | undefined {
  const chain = table.chains.get(name)
  if (chain === undefined) return refuse("missing")
  for (const rule of chain.rules) useAll(table, rule.references, -1)
  setRules(table, chain, [])
  return undefined
}

function setRules(table: TableDraft, chain: ChainState, rules: readonly RuleState[]): void {
  table.chains.set(chain.chain.name, { ...chain, rules })
}

function ruleState(table: TableDraft, source: Rule): RuleState | Refusal {
  const { handle: _handle, index: _index, ...rule } = source
  const references = referencesOf(rule.expr)
  const refusal = checkReferences(table, references)
  if (refusal !== undefined) return refusal
  useAll(table, references, 1)
  return { handle: nextHandle(table), rule, references }
}

interface Placing {
  readonly chain: ChainState
  readonly rule: Rule
  readonly verb: "add" | "insert"
}

/**
 * Where the new rule goes; undefined where its neighbour is not there. By handle the kernel finds only rules that were
 * there before the transaction (Linux 6.18; to delete one it finds them all).
 */
function position(table: TableDraft, { chain: { rules }, rule, verb }: Placing): number | undefined {
  const handle = verb === "insert" ? rule.handle : undefined
  if (handle === undefined && rule.index === undefined) return verb === "add" ? rules.length : 0
  if (handle !== undefined && handle > table.firstHandle) return undefined
  const neighbour =
    handle === undefined ? (rule.index ?? -1) : rules.findIndex((each) => each.handle === handle)
  if (neighbour < 0 || neighbour >= rules.length) return undefined
  return verb === "add" ? neighbour + 1 : neighbour
}
