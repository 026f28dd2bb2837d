// How large a program is, kept up to date by its updates.

import type { Ruleset, RulesetObject, Transaction } from "nftables-json/schema"
import { elementsOf } from "./narrows.ts"

export interface ProgramSizes {
  /** Maps are sets, too. */
  readonly sets: number
  readonly elements: number
  readonly chains: number
}

export const NO_SIZES: ProgramSizes = { sets: 0, elements: 0, chains: 0 }

export interface SizeCount {
  readonly sizes: ProgramSizes
  change(commands: Transaction): void
}

export function countSizes(ruleset: Ruleset): SizeCount {
  const sets = new Map<string, number>()
  const chains = new Set<string>()
  const add = (object: RulesetObject): void => {
    if ("chain" in object) chains.add(nameIn(object.chain))
    const set = "set" in object ? object.set : "map" in object ? object.map : undefined
    if (set !== undefined) sets.set(nameIn(set), set.elem?.length ?? 0)
  }
  const remove = (object: RulesetObject): void => {
    if ("chain" in object) chains.delete(nameIn(object.chain))
    const set = "set" in object ? object.set : "map" in object ? object.map : undefined
    if (set !== undefined) sets.delete(nameIn(set))
  }
  for (const object of ruleset) add(object)
  return {
    get sizes() {
      return {
        sets: sets.size,
        elements: sets.values().reduce((sum, each) => sum + each, 0),
        chains: chains.size,
      }
    },
    change: (commands) => {
      for (const command of commands) {
        const elements = elementsOf(command)
        if (elements !== undefined) {
          const step = "add" in command ? elements.elem.length : -elements.elem.length
          sets.set(nameIn(elements), (sets.get(nameIn(elements)) ?? 0) + step)
        } else if ("add" in command) add(command.add)
        else if ("delete" in command) remove(command.delete)
      }
    },
  }
}

interface Named {
  readonly family: string
  readonly table: string
  readonly name: string
}

function nameIn({ family, table, name }: Named): string {
  return `${family} ${table} ${name}`
}
