// The program that this agent holds: a whole ruleset, and the updates that came since.
//
// An update of one address must not cost a walk through the whole ruleset, so updates are folded into it when
// somebody asks for it: a check, a cache that has grown long. Its own addresses are kept up to date at once.

import { applyTransaction, stateOf } from "nftables-json/apply"
import { type KernelState, writtenRuleset } from "nftables-json/kernel-state"
import type { Command, Rule, Ruleset, RulesetObject, Transaction } from "nftables-json/schema"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { EnforcerError } from "./enforcer-error.ts"
import { GENERATION_COMMENT, type Generation, withGeneration } from "./generation.ts"
import type { LocalAddresses } from "./interfaces.ts"
import { changeLocalAddresses, localAddressesIn } from "./local-addresses.ts"
import { elementsOf } from "./narrows.ts"

export interface HeldProgram {
  readonly revision: number
  readonly local: LocalAddresses
  /** With every update folded in; throws EnforcerError "out-of-step" where one does not fit. */
  whole(): NodeRuleset
  advance(update: NodeUpdate): void
  /** Commands that put another generation in force: the chains whose rules carry it, written anew. */
  generationFlip(generation: Generation): Transaction
}

export function holdProgram(node: NodeRuleset): HeldProgram {
  let whole: NodeRuleset | undefined = node
  let state: KernelState | undefined
  let pending: Transaction[] = []
  let revision = node.revision
  let folded = node.revision
  let chains = generationRules(node.ruleset)
  const local = localAddressesIn(node.ruleset)
  const absorb = (): KernelState => {
    let next = state ?? stateOf(node.ruleset)
    const updates = pending
    pending = []
    for (const transaction of updates) {
      const applied = applyTransaction(next, transaction)
      if ("error" in applied) {
        revision = folded
        throw new EnforcerError(
          "out-of-step",
          `an update does not fit the ruleset that is held: ${applied.error.message}`,
        )
      }
      next = applied.ok
    }
    folded = revision
    state = next
    return next
  }
  const fold = (): NodeRuleset => {
    whole ??= { revision, ruleset: writtenRuleset(absorb()) }
    return whole
  }
  return {
    get revision() {
      return revision
    },
    local,
    whole: fold,
    advance: ({ plan, revision: next }) => {
      const commands = [...plan.add, ...plan.flip, ...plan.remove]
      pending.push(commands)
      revision = next
      whole = undefined
      changeLocalAddresses(local, commands)
      const carriers = new Set(chains.map(chainOf))
      if (plan.flip.some((command) => carriers.has(chainNamedBy(command))))
        chains = generationRules(fold().ruleset)
      if (pending.length >= MOST_PENDING) absorb()
    },
    generationFlip: (generation) => rewritten(chains, generation),
  }
}

const MOST_PENDING = 1_000

/** The rules of every chain in which one rule carries the generation. */
function generationRules(ruleset: Ruleset): readonly Rule[] {
  const rules = ruleset.flatMap((object) => ("rule" in object ? [object.rule] : []))
  const carriers = new Set(rules.filter((rule) => rule.comment === GENERATION_COMMENT).map(chainOf))
  return rules.filter((rule) => carriers.has(chainOf(rule)))
}

/** Flushed and filled again: rules, unlike sets, change for a packet all at once with the transaction. */
function rewritten(rules: readonly Rule[], generation: Generation): Transaction {
  const flushed = new Set<string>()
  return withGeneration(
    rules.map((rule) => ({ rule })),
    generation,
  ).flatMap((object): readonly Command[] => {
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

/** The chain that a command writes rules of, or itself; "" for another object. */
function chainNamedBy(command: Command): string {
  if (elementsOf(command) !== undefined) return ""
  if ("insert" in command) return chainOf(command.insert.rule)
  if ("replace" in command) return chainOf(command.replace.rule)
  if ("add" in command) return chainIn(command.add)
  if ("delete" in command) return chainIn(command.delete)
  return "flush" in command && !("ruleset" in command.flush) ? chainIn(command.flush) : ""
}

function chainIn(object: RulesetObject): string {
  if ("rule" in object) return chainOf(object.rule)
  return "chain" in object ? `${object.chain.family} ${object.chain.table} ${object.chain.name}` : ""
}
