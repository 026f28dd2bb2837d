// Additions in pieces that one netlink message holds.
//
// An unprivileged user namespace refuses more than some 12,000 hash elements in one transaction
// ("Message too long", Linux 6.18): nobody may raise the socket buffer there. Only for what nothing
// refers to yet (`Plan.add`): the pieces are separate transactions.

import { toJson } from "./parse.ts"
import type { Command, Element, ElementList, MapElement, Transaction } from "./schema.ts"

/** Pieces of at most `maxBytes` of JSON each, in order; a single command other than elements is never cut. */
export function splitAdd(add: Transaction, maxBytes = DEFAULT_BYTES): readonly Transaction[] {
  const pieces: Transaction[] = []
  let piece: Command[] = []
  let size = 0
  for (const command of add.flatMap((each) => splitCommand(each, maxBytes))) {
    const bytes = sizeOf(command)
    if (piece.length > 0 && size + bytes > maxBytes) {
      pieces.push(piece)
      piece = []
      size = 0
    }
    piece.push(command)
    size += bytes
  }
  return piece.length === 0 ? pieces : [...pieces, piece]
}

const DEFAULT_BYTES = 200_000

function sizeOf(command: Command): number {
  return toJson([command]).length
}

function splitCommand(command: Command, maxBytes: number): readonly Command[] {
  if (!("add" in command) || !("element" in command.add) || sizeOf(command) <= maxBytes) return [command]
  const { elem, ...of } = command.add.element
  return splitElements(elem, maxBytes).map(
    (part): Command => ({ add: { element: { ...of, elem: part } satisfies ElementList } }),
  )
}

function splitElements(
  elements: readonly (Element | MapElement)[],
  maxBytes: number,
): readonly (readonly (Element | MapElement)[])[] {
  // Half the room for one list leaves the command's own text aside.
  const room = Math.max(1, Math.floor(maxBytes / 2))
  const lists: (Element | MapElement)[][] = []
  let size = room + 1
  for (const element of elements) {
    const bytes = JSON.stringify(element).length + 1
    if (size + bytes > room) {
      lists.push([])
      size = 0
    }
    lists.at(-1)?.push(element)
    size += bytes
  }
  return lists
}
