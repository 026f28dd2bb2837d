// Renamed chains in the fake kernel: the name changes wherever it is used, at the end of the transaction.

import { openElements, type TableDraft } from "./draft.ts"
import { canonicalElement } from "./element.ts"
import { elementReferences, type ObjectKey, objectKey } from "./references.ts"
import type { Element, MapElement, Rule } from "./schema.ts"

export function renameChains(table: TableDraft): void {
  for (const { from, to } of table.renamed) {
    const chain = table.chains.get(from.name)
    if (chain === undefined) continue
    table.chains.delete(from.name)
    const rules = chain.rules.map((each) => ({ ...each, rule: { ...each.rule, chain: to } }))
    table.chains.set(to, { ...chain, chain: { ...chain.chain, name: to }, rules })
    const [oldKey, newKey] = [objectKey("chain", from.name), objectKey("chain", to)]
    table.uses.set(newKey, table.uses.get(oldKey) ?? 0)
    table.uses.delete(oldKey)
    renameInRules(table, { oldKey, newKey, from: from.name, to })
    renameInElements(table, { oldKey, newKey, from: from.name, to })
  }
}

interface Renaming {
  readonly oldKey: ObjectKey
  readonly newKey: ObjectKey
  readonly from: string
  readonly to: string
}

function renameInRules(table: TableDraft, renaming: Renaming): void {
  const { oldKey, newKey } = renaming
  for (const state of Array.from(table.chains.values())) {
    if (!state.rules.some((each) => each.references.includes(oldKey))) continue
    const rules = state.rules.map((each) => {
      const rule = retarget(each.rule, renaming)
      const references = each.references.map((key) => (key === oldKey ? newKey : key))
      return { ...each, rule: isRule(rule) ? rule : each.rule, references }
    })
    table.chains.set(state.chain.name, { ...state, rules })
  }
}

function renameInElements(table: TableDraft, renaming: Renaming): void {
  for (const set of Array.from(table.sets.values())) {
    if (set.kind !== "map") continue
    const elements = openElements(table, set.set.name, set)
    for (const each of Array.from(elements.values())) {
      const source = retarget(each.source, renaming)
      if (elementReferences(each.element).includes(renaming.oldKey) && isElement(source)) {
        elements.set(each.key, canonicalElement(set.form, source))
      }
    }
  }
}

/** The same value with every jump and goto to the old name leading to the new one. */
function retarget(value: unknown, renaming: Renaming): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => retarget(each, renaming))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]: [string, unknown]) => {
      const isTarget = field === "target" && inner === renaming.from
      return [field, isTarget ? renaming.to : retarget(inner, renaming)]
    }),
  )
}

function isRule(value: unknown): value is Rule {
  return typeof value === "object" && value !== null && "expr" in value
}

function isElement(value: unknown): value is Element | MapElement {
  return value !== undefined && value !== null
}
