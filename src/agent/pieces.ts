// Transactions too long for one netlink message, in pieces.
//
// In an unprivileged user namespace one transaction holds some 12,000 hash elements (the socket's send
// buffer cannot be forced there): sets are made empty and their members follow. Only what no rule names yet,
// or what hash sets merely gain, may be split; rules of a chain stay in order, whatever the piece.

import type { Command, ElementList, NftMap, NftSet, Transaction } from "nftables-json/schema"
import { elementsOf } from "./narrows.ts"

/**
 * JSON characters of one piece. The shortest element, an IPv4 address, has 11 to 18 of them and takes some 17 bytes of
 * netlink; 212,992 bytes are the limit (net.core.wmem_default).
 */
export const PIECE_CHARACTERS = 100_000

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
  if (JSON.stringify(command).length <= limit) return [command]
  const elements = elementsOf(command)
  if (elements !== undefined) {
    const lists = elementLists(elements, limit)
    return lists.map((element) => ("add" in command ? { add: { element } } : { delete: { element } }))
  }
  if (!("add" in command)) return [command]
  const object = command.add
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
  const lists = elem === undefined ? [] : elementLists({ family, table, name, elem }, limit)
  return lists.map((element) => ({ add: { element } }))
}

function elementLists(elements: ElementList, limit: number): readonly ElementList[] {
  const step = Math.ceil(elements.elem.length / SAMPLE)
  const sample = elements.elem.filter((_, i) => i % step === 0)
  const lengths = sample.map((element) => JSON.stringify(element).length + 1)
  const count = Math.max(1, Math.floor((limit * FILLED) / Math.max(...lengths)))
  const lists: ElementList[] = []
  for (let at = 0; at < elements.elem.length; at += count) {
    lists.push({ ...elements, elem: elements.elem.slice(at, at + count) })
  }
  return lists
}

/** The rest is room for elements that are longer than those of the sample. */
const SAMPLE = 100
const FILLED = 0.9
