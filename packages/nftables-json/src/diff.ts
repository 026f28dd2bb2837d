// The smallest change from one ruleset to another, as a plan of three transactions.
//
// Sets and maps change by element, chains by rule; everything else is replaced whole. Only tables that
// the desired ruleset names are touched. `current` is what `nft -j list` printed, handles included.

import { diffTable } from "./diff-table.ts"
import type { Plan } from "./plan.ts"
import { indexRuleset, tableKey } from "./ruleset-index.ts"
import type { Command, Family, Ruleset } from "./schema.ts"

export interface DiffOptions {
  /** Tables that are ours: they are deleted where `desired` does not have them. */
  readonly owned?: readonly { readonly family: Family; readonly name: string }[]
}

export function diff(current: Ruleset, desired: Ruleset, options: DiffOptions = {}): Plan {
  const before = indexRuleset(current)
  const after = indexRuleset(desired)
  const plans = [...after].map(([key, table]) => diffTable(before.get(key), table))
  const dropped = (options.owned ?? []).filter(({ family, name }) => {
    const key = tableKey(family, name)
    return before.has(key) && !after.has(key)
  })
  return {
    add: plans.flatMap((plan) => plan.add),
    flip: plans.flatMap((plan) => plan.flip),
    remove: [
      ...plans.flatMap((plan) => plan.remove),
      ...dropped.map(({ family, name }): Command => ({ delete: { table: { family, name } } })),
    ],
  }
}

export function isEmpty(plan: Plan): boolean {
  return plan.add.length === 0 && plan.flip.length === 0 && plan.remove.length === 0
}
