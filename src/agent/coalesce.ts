// Many updates that wait, as few plans: the price of a transaction grows with the chains of the machine, not with
// what is in it.

import type { Plan } from "nftables-json/plan"
import type { Command, ElementList, Transaction } from "nftables-json/schema"
import type { NodeUpdate } from "../wire/node-ruleset.ts"
import { elementsOf, keyOf } from "./narrows.ts"

/** Updates that are applied together; plans that add or remove objects stay alone, in order. */
export function coalesce(updates: readonly NodeUpdate[]): readonly NodeUpdate[] {
  const merged: NodeUpdate[] = []
  for (const update of updates) {
    const last = merged.at(-1)
    if (last !== undefined && isElementsOnly(last.plan) && isElementsOnly(update.plan))
      merged[merged.length - 1] = joined(last, update)
    else merged.push(update)
  }
  return merged
}

function isElementsOnly(plan: Plan): boolean {
  return (
    plan.add.length === 0 &&
    plan.remove.length === 0 &&
    plan.flip.every((command) => elementsOf(command) !== undefined)
  )
}

function joined(first: NodeUpdate, second: NodeUpdate): NodeUpdate {
  return {
    from: first.from,
    revision: second.revision,
    plan: { add: [], flip: netEffect([...first.plan.flip, ...second.plan.flip]), remove: [] },
    forget: [...new Set([...first.forget, ...second.forget])],
    narrows: first.narrows || second.narrows,
    ...newest(first, second),
  }
}

/** What is not in the plan. Owners of addresses that have left the maps do no harm. */
function newest(first: NodeUpdate, second: NodeUpdate): Pick<NodeUpdate, "bindings" | "owners" | "asOf"> {
  const bindings = second.bindings ?? first.bindings
  const asOf = second.asOf ?? first.asOf
  const hasOwners = first.owners !== undefined || second.owners !== undefined
  return {
    ...(bindings === undefined ? {} : { bindings }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(hasOwners ? { owners: { ...first.owners, ...second.owners } } : {}),
  }
}

interface Change {
  readonly list: Omit<ElementList, "elem">
  /** The element as it was before, where the first command deletes it. */
  readonly before: ElementList["elem"][number] | undefined
  after: ElementList["elem"][number] | undefined
}

/** Per key only its first deletion and its last addition count. */
export function netEffect(transaction: Transaction): Transaction {
  const changes = new Map<string, Change>()
  for (const command of transaction) {
    const elements = elementsOf(command)
    if (elements === undefined) continue
    const { elem, ...list } = elements
    for (const element of elem) {
      const key = `${list.family} ${list.table} ${list.name} ${JSON.stringify(keyOf(element))}`
      const isAddition = "add" in command
      const known = changes.get(key)
      if (known !== undefined) known.after = isAddition ? element : undefined
      else
        changes.set(key, {
          list,
          before: isAddition ? undefined : element,
          after: isAddition ? element : undefined,
        })
    }
  }
  return [...changes.values()].flatMap(commandsOf)
}

function commandsOf({ list, before, after }: Change): readonly Command[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const one = (element: ElementList["elem"][number]) => ({ element: { ...list, elem: [element] } })
  return [
    ...(before === undefined ? [] : [{ delete: one(before) }]),
    ...(after === undefined ? [] : [{ add: one(after) }]),
  ]
}
