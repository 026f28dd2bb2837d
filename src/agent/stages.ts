// The transactions of a plan, in order, each small enough for one netlink message.

import type { Plan } from "nftables-json/plan"
import type { Command, Transaction } from "nftables-json/schema"
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
  if (plan.flip.length < SMALL || JSON.stringify(plan.flip).length <= limit)
    return { before: add, flip: plan.flip, after }
  const [ahead, flip] = partition(splitByElement(plan.flip), paired(plan.flip))
  return { before: [...add, ...inPieces(ahead, limit)], flip, after }
}

/** So few commands are not measured: an update of one address must cost nothing here. */
const SMALL = 16

/** One command an element, so that a pair can stay while the rest goes ahead. */
function splitByElement(transaction: Transaction): Transaction {
  return transaction.flatMap((command): readonly Command[] => {
    const elements = elementsOf(command)
    if (elements === undefined) return [command]
    return elements.elem.map((element) => {
      const one = { element: { ...elements, elem: [element] } }
      return "add" in command ? { add: one } : { delete: one }
    })
  })
}

function partition(
  transaction: Transaction,
  stays: ReadonlySet<string>,
): readonly [Transaction, Transaction] {
  const isAhead = (command: Command): boolean => keysIn(command).some((key) => !stays.has(key))
  return [transaction.filter(isAhead), transaction.filter((command) => !isAhead(command))]
}

/** Keys that more than one command names. */
function paired(transaction: Transaction): ReadonlySet<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const key of transaction.flatMap(keysIn)) (seen.has(key) ? twice : seen).add(key)
  return twice
}

function keysIn(command: Command): readonly string[] {
  const elements = elementsOf(command)
  if (elements === undefined) return []
  const set = `${elements.family} ${elements.table} ${elements.name}`
  return elements.elem.map((element) => `${set} ${JSON.stringify(keyOf(element))}`)
}
