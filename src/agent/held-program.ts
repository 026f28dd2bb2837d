// The program that this agent holds: a whole ruleset, and the updates that came since.
//
// An update of one address must not cost a walk through the whole ruleset, so updates are folded into it when
// somebody asks for it: a check, a cache that has grown long. Its own addresses are kept up to date at once.

import { applyTransaction, stateOf } from "nftables-json/apply"
import { type KernelState, writtenRuleset } from "nftables-json/kernel-state"
import type { Command, Rule, Ruleset, RulesetObject, Transaction } from "nftables-json/schema"
import type { Binding, NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { EnforcerError } from "./enforcer-error.ts"
import { GENERATION_COMMENT, type Generation, withGeneration } from "./generation.ts"
import { changeLocalAddresses, type DispatchedAddresses, localAddressesIn } from "./local-addresses.ts"
import { elementsOf } from "./narrows.ts"
import { countSizes, type ProgramSizes } from "./program-sizes.ts"
import { chainOf, rewritten } from "./rewritten.ts"

export interface HeldProgram {
  readonly revision: number
  readonly local: DispatchedAddresses
  /** Uid of the pod that has a local address, by address; without those that the controller did not name. */
  readonly owners: ReadonlyMap<string, string>
  readonly bindings: readonly Binding[]
  readonly sizes: ProgramSizes
  /** "" where the controller did not say. */
  readonly asOf: string
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
  let { bindings = [], asOf = "" } = node
  const local = localAddressesIn(node.ruleset)
  const count = countSizes(node.ruleset)
  const owners = new Map(Object.entries(node.owners ?? {}))
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
    whole ??= {
      revision,
      ruleset: writtenRuleset(absorb()),
      ...(bindings.length === 0 ? {} : { bindings }),
      ...(owners.size === 0 ? {} : { owners: Object.fromEntries(owners) }),
      ...(asOf === "" ? {} : { asOf }),
    }
    return whole
  }
  return {
    get revision() {
      return revision
    },
    local,
    owners,
    get bindings() {
      return bindings
    },
    get sizes() {
      return count.sizes
    },
    get asOf() {
      return asOf
    },
    whole: fold,
    advance: (update) => {
      const { plan, revision: next } = update
      const commands = [...plan.add, ...plan.flip, ...plan.remove]
      pending.push(commands)
      revision = next
      whole = undefined
      changeLocalAddresses(local, commands)
      count.change(commands)
      for (const address of owners.keys()) if (!local.addresses.has(address)) owners.delete(address)
      for (const [address, uid] of Object.entries(update.owners ?? {}))
        if (local.addresses.has(address)) owners.set(address, uid)
      bindings = update.bindings ?? bindings
      asOf = update.asOf ?? asOf
      const carriers = new Set(chains.map(chainOf))
      if (plan.flip.some((command) => carriers.has(chainNamedBy(command))))
        chains = generationRules(fold().ruleset)
      if (pending.length >= MOST_PENDING) absorb()
    },
    generationFlip: (generation) =>
      rewritten(
        withGeneration(
          chains.map((rule) => ({ rule })),
          generation,
        ),
      ),
  }
}

const MOST_PENDING = 1_000

/** The rules of every chain in which one rule carries the generation. */
function generationRules(ruleset: Ruleset): readonly Rule[] {
  const rules = ruleset.flatMap((object) => ("rule" in object ? [object.rule] : []))
  const carriers = new Set(rules.filter((rule) => rule.comment === GENERATION_COMMENT).map(chainOf))
  return rules.filter((rule) => carriers.has(chainOf(rule)))
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
