// Constants of a ruleset as values that compare and hash fast.
//
// Numbers up to 53 bits are numbers, wider ones (IPv6 addresses) big integers, names and link-layer
// addresses text. One data type has one form, so values of a type compare with each other.

import { canonicalEther } from "./address.ts"
import { type DataType, readValue } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import { readInterval } from "./interval.ts"
import type { Expression } from "./schema.ts"

export type Value = number | bigint | string
/** What a set is asked for: a value, or one for each component of a concatenation. */
export type Key = Value | readonly Value[]

export interface ValueRange {
  readonly from: Value
  readonly to: Value
}

export function readConstant(type: DataType, expression: Expression): Value {
  const text = readText(type, expression)
  if (text !== undefined) return text
  const number = typeof expression === "boolean" ? undefined : readValue(type, expression)
  if (number === undefined) throw unreadable(type, expression)
  return toValue(type, number)
}

/** A value, prefix or range as its two ends. */
export function readRange(type: DataType, expression: Expression): ValueRange {
  const text = readText(type, expression)
  if (text !== undefined) return { from: text, to: text }
  const interval = readInterval(type, expression)
  if (interval === undefined) throw unreadable(type, expression)
  return { from: toValue(type, interval.from), to: toValue(type, interval.to) }
}

export function toValue(type: DataType, number: bigint): Value {
  return type.bits > 48 ? number : Number(number)
}

/** Names, link-layer addresses and values of unknown types; an interface index stands for its name. */
function readText(type: DataType, expression: Expression): string | number | undefined {
  if (typeof expression === "number") return type.form === "text" ? expression : undefined
  if (typeof expression !== "string") return undefined
  if (type.form === "text" || type.name === "iface_index") return expression
  return type.form === "ether" ? canonicalEther(expression) : undefined
}

function unreadable(type: DataType, expression: Expression): EvaluationError {
  return new EvaluationError(`cannot read ${JSON.stringify(expression)} as ${type.name}`)
}
