// Connection sets by number, so that the pairs of a large cluster are compared and combined as numbers.
//
// A map draws ports: what has none (ICMP and the like) is left out here, so that sets that print alike are one.

import type { ConnectionSet } from "../../analysis/connection-set.ts"
import { connectionText, intersect, subtract } from "../../analysis/connection-set.ts"

/** Number of the empty set. */
export const NOTHING = 0

export interface ConnectionTable {
  readonly numberOf: (set: ConnectionSet) => number
  readonly textOf: (number: number) => string
  readonly intersect: (left: number, right: number) => number
  readonly subtract: (left: number, right: number) => number
}

export function createConnectionTable(): ConnectionTable {
  const sets: ConnectionSet[] = []
  const texts: string[] = []
  const numbers = new Map<string, number>()
  const numberOf = ({ TCP, UDP, SCTP }: ConnectionSet): number => {
    const set: ConnectionSet = { TCP, UDP, SCTP, other: false }
    const key = JSON.stringify(set)
    const known = numbers.get(key)
    if (known !== undefined) return known
    const text = connectionText(set)
    // Port 0 alone is nothing that anybody can call.
    const number = text === "" && sets.length > 0 ? NOTHING : sets.length
    numbers.set(key, number)
    if (number === NOTHING && sets.length > 0) return number
    texts.push(text)
    return sets.push(set) - 1
  }
  const setOf = (number: number): ConnectionSet => sets[number] ?? nothing
  numberOf(nothing)
  return {
    numberOf,
    textOf: (number) => texts[number] ?? "",
    intersect: remembered((left, right) => {
      if (left === right) return left
      return left === NOTHING || right === NOTHING ? NOTHING : numberOf(intersect(setOf(left), setOf(right)))
    }),
    subtract: remembered((left, right) => {
      if (left === NOTHING || left === right) return NOTHING
      return right === NOTHING ? left : numberOf(subtract(setOf(left), setOf(right)))
    }),
  }
}

const nothing: ConnectionSet = { TCP: [], UDP: [], SCTP: [], other: false }

type Operation = (left: number, right: number) => number

function remembered(operation: Operation): Operation {
  const answers = new Map<number, number>()
  return (left, right) => {
    // No cluster has a million different sets.
    const key = left * 0x100000 + right
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = operation(left, right)
    answers.set(key, answer)
    return answer
  }
}
