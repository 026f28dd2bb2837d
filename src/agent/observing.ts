// Observe mode of a node: what our tables would drop they let pass, counted and logged as before.
//
// Pure. The rule that marks an entry as denied is left out: the agent deletes such entries, and with them the address
// translation of a flow that passes here.

import type { Plan } from "nftables-json/plan"
import type { Command, Ruleset, RulesetObject, Transaction } from "nftables-json/schema"
import { DENIED_COMMENT } from "./generation.ts"
import { chainOf, rewritten } from "./rewritten.ts"

/** The same objects where nothing in them drops. */
export function observed(ruleset: Ruleset): Ruleset {
  return ruleset.flatMap(observedObject)
}

export function observedPlan(plan: Plan): Plan {
  return { add: observedCommands(plan.add), flip: observedCommands(plan.flip), remove: plan.remove }
}

/**
 * The commands that write every chain anew in which something drops, as it is to be with or without observing; undefined
 * where more than rules would change. `enforced` is the ruleset without observing.
 */
export function observeFlip(enforced: Ruleset, isOn: boolean): Transaction | undefined {
  const changed = enforced.filter((object) => observedObject(object)[0] !== object)
  const rules = changed.flatMap((object) => ("rule" in object ? [object.rule] : []))
  if (rules.length < changed.length) return undefined
  const chains = new Set(rules.map(chainOf))
  const all = enforced.flatMap((object) => ("rule" in object ? [object.rule] : []))
  const written = all.filter((rule) => chains.has(chainOf(rule))).map((rule) => ({ rule }))
  return rewritten(isOn ? observed(written) : written)
}

function observedCommands(transaction: Transaction): Transaction {
  return transaction.flatMap((command): readonly Command[] => {
    if ("add" in command) return observedObject(command.add).map((add) => ({ add }))
    if ("create" in command) return observedObject(command.create).map((create) => ({ create }))
    return "flush" in command ? [command] : [passing(command)]
  })
}

function observedObject(object: RulesetObject): readonly RulesetObject[] {
  if ("rule" in object && object.rule.comment === DENIED_COMMENT) return []
  if ("chain" in object && object.chain.policy === "drop") {
    return [{ chain: { ...object.chain, policy: "accept" } }]
  }
  if ("set" in object) return [object]
  return [passing(object)]
}

/** Every verdict that drops, wherever it stands: in a rule, in a map, in an element. */
function passing<T>(value: T): T {
  return holdsDrop(value)
    ? JSON.parse(JSON.stringify(value).replaceAll('{"drop":null}', '{"accept":null}'))
    : value
}

function holdsDrop(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false
  return "drop" in value || Object.values(value).some(holdsDrop)
}
