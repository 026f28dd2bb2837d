// Transactions too long for one netlink message, in pieces.
//
// In an unprivileged user namespace one transaction holds some 12,000 hash elements (the socket's send
// buffer cannot be forced there): sets are made empty and their members follow. Only what no rule names yet,
// or what hash sets merely gain, may be split; rules of a chain stay in order, whatever the piece.

import type { Command, ElementList, NftMap, NftSet, Transaction } from "nftables-json/schema"

/** JSON characters of one piece; a netlink batch is somewhat smaller than its JSON. */
export const PIECE_CHARACTERS = 200_000

export function inPieces(transaction: Transaction, limit: number = PIECE_CHARACTERS): readonly Transaction[] {
  const pieces: Command[][] = []
  let room = 0
  for (const command of transaction.flatMap((command) => small(command, limit))) {
    const length = JSON.stringify(command).length
    const last = pieces.at(-1)
    if (last === undefined || length > room) {
      pieces.push([command])
      room = limit - length
    } else {
      last.push(command)
      room -= length
    }
  }
  return pieces
}

/** The command, or commands of at most the limit that together do the same. */
function small(command: Command, limit: number): readonly Command[] {
  if (JSON.stringify(command).length <= limit || !("add" in command)) return [command]
  const object = command.add
  if ("element" in object) return elementCommands(object.element, limit)
  if ("set" in object) return [{ add: { set: withoutMembers(object.set) } }, ...members(object.set, limit)]
  if ("map" in object) return [{ add: { map: withoutMembers(object.map) } }, ...members(object.map, limit)]
  return [command]
}

function withoutMembers<T extends NftSet | NftMap>(set: T): Omit<T, "elem"> {
  const { elem: _, ...declaration } = set
  return declaration
}

function members(set: NftSet | NftMap, limit: number): readonly Command[] {
  const { family, table, name, elem } = set
  return elem === undefined ? [] : elementCommands({ family, table, name, elem }, limit)
}

function elementCommands(elements: ElementList, limit: number): readonly Command[] {
  const longest = Math.max(
    ...elements.elem.slice(0, SAMPLE).map((element) => JSON.stringify(element).length + 1),
  )
  const count = Math.max(1, Math.floor(limit / 2 / longest))
  const commands: Command[] = []
  for (let at = 0; at < elements.elem.length; at += count) {
    commands.push({ add: { element: { ...elements, elem: elements.elem.slice(at, at + count) } } })
  }
  return commands
}

const SAMPLE = 100
