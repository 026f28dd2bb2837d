// The program that this agent holds: a whole ruleset, and the updates that came since.
//
// An update of one address must not cost a walk through the whole ruleset, so updates are folded into it when
// somebody asks for it: the cache, a check, the next whole ruleset.

import { apply } from "nftables-json/apply"
import type { Plan } from "nftables-json/plan"
import type { Command, Rule, Ruleset, Transaction } from "nftables-json/schema"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { EnforcerError } from "./enforcer-error.ts"
import { GENERATION_COMMENT, type Generation, withGeneration } from "./generation.ts"
import { elementsOf } from "./narrows.ts"

export interface HeldProgram {
  readonly revision: number
  /** With every update folded in. */
  whole(): NodeRuleset
  advance(update: NodeUpdate): void
  /** Commands that put another generation in force: every rule that carries it, written anew. */
  generationFlip(generation: Generation): Transaction
}

export function holdProgram(node: NodeRuleset): HeldProgram {
  let whole = node
  let pending: Plan[] = []
  let revision = node.revision
  let chains: Ruleset | undefined
  const fold = (): NodeRuleset => {
    if (pending.length === 0) return whole
    const commands = pending.flatMap((plan) => [...plan.add, ...plan.flip, ...plan.remove])
    pending = []
    try {
      whole = { revision, ruleset: apply(whole.ruleset, commands) }
    } catch (error) {
      const lost = revision
      revision = whole.revision
      const message = `the updates up to revision ${lost} do not fit the ruleset that is held: ${String(error)}`
      throw new EnforcerError("out-of-step", message)
    }
    return whole
  }
  return {
    get revision() {
      return revision
    },
    whole: fold,
    advance: (update) => {
      pending.push(update.plan)
      revision = update.revision
      if (update.plan.flip.some((command) => elementsOf(command) === undefined)) chains = undefined
    },
    generationFlip: (generation) => {
      chains ??= generationRules(fold().ruleset)
      return rewritten(withGeneration(chains, generation))
    },
  }
}

/** The rules of every chain in which one rule carries the generation. */
function generationRules(ruleset: Ruleset): Ruleset {
  const rules = ruleset.flatMap((object) => ("rule" in object ? [object.rule] : []))
  const chains = new Set(rules.filter((rule) => rule.comment === GENERATION_COMMENT).map(chainOf))
  return rules.filter((rule) => chains.has(chainOf(rule))).map((rule) => ({ rule }))
}

/** Flushed and filled again: rules, unlike sets, change for a packet all at once with the transaction. */
function rewritten(rules: Ruleset): Transaction {
  const flushed = new Set<string>()
  return rules.flatMap((object): readonly Command[] => {
    if (!("rule" in object)) return []
    const { family, table, chain } = object.rule
    if (flushed.has(chainOf(object.rule))) return [{ add: object }]
    flushed.add(chainOf(object.rule))
    return [{ flush: { chain: { family, table, name: chain } } }, { add: object }]
  })
}

function chainOf(rule: Rule): string {
  return `${rule.family} ${rule.table} ${rule.chain}`
}
