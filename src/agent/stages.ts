// The transactions of a plan, in order, each small enough for one netlink message.

import type { Plan } from "nftables-json/plan"
import type { Command, ElementList, Transaction } from "nftables-json/schema"
import { elementsOf, keyOf } from "./narrows.ts"
import { inPieces, PIECE_CHARACTERS } from "./pieces.ts"

export interface Stages {
  readonly before: readonly Transaction[]
  readonly flip: Transaction
  readonly after: readonly Transaction[]
}

/**
 * A flip that is too long sends ahead the members that come or go without another command on the same key:
 * a member early by milliseconds is harmless, a dispatch element that is deleted and not yet added is not.
 */
export function stagesOf(plan: Plan, limit: number = PIECE_CHARACTERS): Stages {
  const add = inPieces(plan.add, limit)
  const after = inPieces(plan.remove, limit)
  if (isShort(plan.flip) || JSON.stringify(plan.flip).length <= limit) {
    return { before: add, flip: plan.flip, after }
  }
  const stays = paired(plan.flip)
  const ahead = plan.flip.flatMap((command) => withElements(command, (key) => !stays.has(key)))
  const flip = plan.flip.flatMap((command) =>
    elementsOf(command) === undefined ? [command] : withElements(command, (key) => stays.has(key)),
  )
  return { before: [...add, ...inPieces(ahead, limit)], flip, after }
}

/** What is so short is not measured: an update of one address must cost nothing here. */
function isShort(transaction: Transaction): boolean {
  const SHORT = 64
  if (transaction.length > SHORT) return false
  return transaction.reduce((sum, command) => sum + (elementsOf(command)?.elem.length ?? 0), 0) <= SHORT
}

/** The command with those of its elements whose key is wanted; nothing where none is left. */
function withElements(command: Command, isWanted: (key: string) => boolean): readonly Command[] {
  const elements = elementsOf(command)
  if (elements === undefined) return []
  const elem = elements.elem.filter((element) => isWanted(keyIn(elements, element)))
  if (elem.length === 0) return []
  const element = { element: { ...elements, elem } }
  return ["add" in command ? { add: element } : { delete: element }]
}

/** Keys that more than one command names. */
function paired(transaction: Transaction): ReadonlySet<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const command of transaction) {
    const elements = elementsOf(command)
    for (const element of elements?.elem ?? []) {
      const key = elements === undefined ? "" : keyIn(elements, element)
      if (seen.has(key)) twice.add(key)
      else seen.add(key)
    }
  }
  return twice
}

function keyIn({ family, table, name }: ElementList, element: ElementList["elem"][number]): string {
  return `${family} ${table} ${name} ${JSON.stringify(keyOf(element))}`
}
