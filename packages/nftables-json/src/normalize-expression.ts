// Expressions of rules in the form in which nft 1.0.6 prints them.

import { canonicalValue, type DataType, dataType, readValue, writeValue } from "./data-type.ts"
import { canonicalElements } from "./element.ts"
import { isList } from "./expression.ts"
import { typesOf } from "./expression-type.ts"
import { canonicalInterval } from "./interval.ts"
import type { Expression, Fib, Match } from "./schema.ts"

/** Both sides of a match; the left side decides how the right one is read. */
export function normalizeMatch(match: Match): Match {
  const left = normalizeExpression(match.left)
  const right = normalizeOperand(typesOf(match.left), match.right)
  const masked = normalizeMaskedMatch({ op: match.op, left, right })
  const isSet = typeof masked.right === "object" && !isList(masked.right) && "set" in masked.right
  const type = typesOf(masked.left)[0]
  // "in" asks for any of some flags; of everything else, and of sets, it is equality.
  const isEquality = masked.op === "in" && (isSet || type?.form !== "bitmask")
  return isEquality ? { ...masked, op: "==" } : masked
}

/** What is compared or assigned: a constant of the type, a set, or an expression of the packet. */
export function normalizeOperand(types: readonly DataType[], operand: Expression): Expression {
  const [type = dataType("text")] = types
  if (typeof operand !== "object") return types.length === 1 ? canonicalValue(type, operand) : operand
  if (isList(operand) || "|" in operand) {
    return type.form === "bitmask" ? canonicalValue(type, operand) : normalizeExpression(operand)
  }
  if ("range" in operand || "prefix" in operand) return canonicalInterval(type, operand)
  if ("concat" in operand) {
    return { concat: operand.concat.map((part, i) => canonicalInterval(types[i] ?? dataType("text"), part)) }
  }
  if ("set" in operand) return normalizeAnonymousSet(types, operand.set)
  return normalizeExpression(operand)
}

/** The data of a map or vmap: a name, or pairs; `values` are the types of what it gives. */
export function normalizeMapData(
  types: readonly DataType[],
  data: Expression,
  values: readonly DataType[] | undefined,
): Expression {
  if (typeof data !== "object" || isList(data) || !("set" in data) || !Array.isArray(data.set)) return data
  const form = { types, values, isInterval: true, merges: false, hasStatements: false }
  return { set: canonicalElements(form, data.set).map((each) => each.element) }
}

export function normalizeExpression(expression: Expression): Expression {
  if (typeof expression !== "object") return expression
  if (isList(expression)) return expression.map(normalizeExpression)
  if ("concat" in expression) return { concat: expression.concat.map(normalizeExpression) }
  if ("fib" in expression) return { fib: normalizeFib(expression.fib) }
  if ("ct" in expression) {
    const { key, dir, family } = expression.ct
    const whole = family === undefined ? key : `${family} ${key}`
    return { ct: dir === undefined ? { key: whole } : { key: whole, dir } }
  }
  if ("map" in expression) {
    const { key, data } = expression.map
    return { map: { key: normalizeExpression(key), data: normalizeMapData(typesOf(key), data, undefined) } }
  }
  if ("elem" in expression) {
    return { elem: { ...expression.elem, val: normalizeExpression(expression.elem.val) } }
  }
  return normalizeBits(expression)
}

/**
 * And, or, xor with constants are one operation in the kernel, (value & mask) ^ xor; nft prints it back
 * as `& (mask | or) ^ xor | or`, so 0x00ffffff comes back as 0x01ffffff (netlink_delinearize.c).
 */
function normalizeBits(expression: Expression): Expression {
  const operation = operands(expression) === undefined ? undefined : readOperation(expression)
  if (operation === undefined) return expression
  const { base, type, mask, xor } = operation
  const all = (1n << BigInt(type.bits)) - 1n
  const or = xor & ~mask & all
  const and = mask | or
  const flip = xor & mask
  const constant = (value: bigint) =>
    type.form === "bitmask" ? writeValue(type, value) : asInteger(type, value)
  let result = base
  if (and !== all) result = { "&": [result, constant(and)] }
  if (flip !== 0n) result = { "^": [result, constant(flip)] }
  if (or !== 0n) result = { "|": [result, constant(or)] }
  return result
}

interface Operation {
  readonly base: Expression
  readonly type: DataType
  readonly mask: bigint
  readonly xor: bigint
}

function readOperation(expression: Expression): Operation | undefined {
  const parts = operands(expression)
  if (parts === undefined) {
    const [type] = typesOf(expression)
    if (type === undefined || type.bits === 0 || typeof expression !== "object") return undefined
    return { base: normalizeExpression(expression), type, mask: (1n << BigInt(type.bits)) - 1n, xor: 0n }
  }
  const inner = readOperation(parts.left)
  const constant = inner === undefined ? undefined : readConstant(inner.type, parts.right)
  if (inner === undefined || constant === undefined) return undefined
  const { mask, xor } = inner
  switch (parts.operator) {
    case "&":
      return { ...inner, mask: mask & constant, xor: xor & constant }
    case "|":
      return { ...inner, mask: mask & ~constant, xor: (xor & ~constant) | constant }
    case "^":
      return { ...inner, xor: xor ^ constant }
  }
}

interface Operands {
  readonly operator: "&" | "|" | "^"
  readonly left: Expression
  readonly right: Expression
}

function operands(expression: Expression): Operands | undefined {
  if (typeof expression !== "object" || isList(expression)) return undefined
  for (const operator of ["&", "|", "^"] as const) {
    const pair = operator in expression ? Object.entries(expression)[0]?.[1] : undefined
    if (isPair(pair)) return { operator, left: pair[0], right: pair[1] }
  }
  return undefined
}

function isPair(value: unknown): value is readonly [Expression, Expression] {
  return Array.isArray(value) && value.length === 2
}

/** A constant, which may itself be computed from constants. */
function readConstant(type: DataType, expression: Expression): bigint | undefined {
  const value = readValue(type, expression)
  if (value !== undefined) return value
  const parts = operands(expression)
  if (parts === undefined) return undefined
  const [left, right] = [readConstant(type, parts.left), readConstant(type, parts.right)]
  if (left === undefined || right === undefined) return undefined
  switch (parts.operator) {
    case "&":
      return left & right
    case "|":
      return left | right
    case "^":
      return left ^ right
  }
}

function asInteger(type: DataType, value: bigint): Expression {
  return type.form === "ipv4" || type.form === "ipv6" ? writeValue(type, value) : Number(value)
}

/** A mask of leading ones is printed as a prefix; a test for one set of flags against nothing as "in" or "!". */
function normalizeMaskedMatch(match: Match): Match {
  const parts = operands(match.left)
  const [type] = typesOf(match.left)
  if (parts?.operator !== "&" || type === undefined || (match.op !== "==" && match.op !== "!=")) return match
  const mask = readConstant(type, parts.right)
  const value = readConstant(type, match.right)
  if (mask === undefined || value === undefined) return match
  if (type.form === "bitmask") {
    if (value !== 0n) return match
    return { op: match.op === "!=" ? "in" : "!", left: parts.left, right: writeValue(type, mask) }
  }
  const length = type.hasPrefixes ? prefixLength(type, mask) : undefined
  if (length === undefined) return match
  const prefix = { prefix: { addr: writeValue(type, value), len: length } }
  return { op: match.op, left: parts.left, right: canonicalInterval(type, prefix) }
}

function prefixLength(type: DataType, mask: bigint): number | undefined {
  const host = ~mask & ((1n << BigInt(type.bits)) - 1n)
  return (host & (host + 1n)) === 0n ? type.bits - (host === 0n ? 0 : host.toString(2).length) : undefined
}

/** Anonymous sets with any interval in them are merged; a set of one is that one, unless it is a concatenation. */
function normalizeAnonymousSet(types: readonly DataType[], content: unknown): Expression {
  const elements = isExpressions(content) ? content : isExpression(content) ? [content] : []
  const isInterval = elements.some(
    (each) => typeof each === "object" && !isList(each) && ("range" in each || "prefix" in each),
  )
  const form = { types, values: undefined, isInterval, merges: isInterval, hasStatements: false }
  const canonical = canonicalElements(form, elements).map((each) => each.element)
  const [only] = canonical
  const isSingle = canonical.length === 1 && types.length === 1
  return isSingle && isExpression(only) ? only : { set: canonical.filter(isExpression) }
}

function isExpressions(value: unknown): value is readonly Expression[] {
  return Array.isArray(value)
}

function isExpression(value: unknown): value is Expression {
  return value !== undefined && value !== null
}

function normalizeFib(fib: Fib): Fib {
  const flags = typeof fib.flags === "string" ? [fib.flags] : fib.flags
  return { result: fib.result, flags: flags.toSorted((a, b) => FIB_FLAGS.indexOf(a) - FIB_FLAGS.indexOf(b)) }
}

const FIB_FLAGS = ["saddr", "daddr", "mark", "iif", "oif"]
