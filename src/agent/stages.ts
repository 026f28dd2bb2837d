// The transactions of a plan, in order, each small enough for one netlink message.

import type { Plan } from "nftables-json/plan"
import type { Command, ElementList, Transaction } from "nftables-json/schema"
import { DISPATCH_MAPS, elementsOf, keyOf } from "./narrows.ts"
import { inPieces, PIECE_CHARACTERS } from "./pieces.ts"

export interface Stages {
  readonly before: readonly Transaction[]
  readonly flip: Transaction
  /** Members of a long flip that let more through. */
  readonly behind: readonly Transaction[]
  readonly after: readonly Transaction[]
}

/**
 * Of a flip that is too long, members that come or go without another command on the same key are on their own:
 * ahead where less passes with them, behind where more does. An address that moves from one set to another may be
 * denied for milliseconds, and is never allowed what neither the old nor the new rules allow.
 */
export function stagesOf(plan: Plan, limit: number = PIECE_CHARACTERS): Stages {
  const add = inPieces(plan.add, limit)
  const after = inPieces(plan.remove, limit)
  if (isShort(plan.flip) || JSON.stringify(plan.flip).length <= limit) {
    return { before: add, flip: plan.flip, behind: [], after }
  }
  const stays = paired(plan.flip)
  const alone = (effect: Effect): Transaction =>
    plan.flip
      .filter((command) => effectOf(command) === effect)
      .flatMap((command) => withElements(command, (key) => !stays.has(key)))
  const flip = plan.flip.flatMap((command) =>
    effectOf(command) === "unknown" ? [command] : withElements(command, (key) => stays.has(key)),
  )
  return {
    before: [...add, ...inPieces(alone("narrows"), limit)],
    flip,
    behind: inPieces(alone("widens"), limit),
    after,
  }
}

type Effect = "narrows" | "widens" | "unknown"

/** Of members. A local address without a dispatch element is refused. */
function effectOf(command: Command): Effect {
  const name = elementsOf(command)?.name ?? ""
  const isAddition = "add" in command
  if (name.startsWith("deny")) return isAddition ? "narrows" : "widens"
  if (name.startsWith("allow") || DISPATCH_MAPS.has(name)) return isAddition ? "widens" : "narrows"
  return "unknown"
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
