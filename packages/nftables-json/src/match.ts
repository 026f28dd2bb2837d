// `match` statements as predicates on a state.
//
// Against `nft --debug=netlink` of 1.0.6: "in" on a bit mask tests for any of the bits, "!" for none of
// them, "==" and "!=" compare whole values; on every other type "in" is "==".

import { type Key, readConstant, readRange, type Value } from "./constant.ts"
import type { DataType } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import { isList, referencedSet } from "./expression.ts"
import { isParts } from "./lookup.ts"
import { compileOperand, type Operand } from "./operand.ts"
import type { Expression, Match } from "./schema.ts"
import type { Scope } from "./scope.ts"
import type { State } from "./state.ts"

/** False also where the left side could not be loaded: the rule ends, whatever the operator. */
export type Predicate = (state: State) => boolean

export function compileMatch(match: Match, scope: Scope): Predicate {
  const left = compileOperand(match.left, scope)
  if (isSet(match.right)) return inSet(left, match, scope)
  const test = compileTest(left, match)
  return (state) => {
    const key = left.load(state)
    return key !== undefined && test(key)
  }
}

function isSet(right: Expression): boolean {
  return referencedSet(right) !== undefined || (typeof right === "object" && !isList(right) && "set" in right)
}

function inSet(left: Operand, match: Match, scope: Scope): Predicate {
  const set = scope.set(match.right, left.types)
  const expected = expectsMember(match)
  return (state) => {
    const key = left.load(state)
    if (key === undefined) return false
    state.asked = { set: set.name, types: left.types, key }
    return (set.lookup(key) !== undefined) === expected
  }
}

function expectsMember(match: Match): boolean {
  if (match.op === "==" || match.op === "in") return true
  if (match.op === "!=") return false
  throw new EvaluationError(`a set cannot be compared with ${match.op}`)
}

type Test = (key: Key) => boolean

function compileTest(left: Operand, match: Match): Test {
  const [type] = left.types
  if (type === undefined) throw new EvaluationError("a match without a left side")
  if (left.types.length > 1) return concatenationTest(left.types, match)
  if (typeof match.right === "boolean") return presence(match.right === (match.op !== "!="))
  const test = valueTest(type, match)
  return (key) => !isParts(key) && test(key)
}

/** `exists` and `missing`. */
function presence(expected: boolean): Test {
  return (key) => (key !== "" && key !== 0) === expected
}

function concatenationTest(types: readonly DataType[], { op, right }: Match): Test {
  const parts = typeof right === "object" && !isList(right) && "concat" in right ? right.concat : []
  if (parts.length !== types.length || (op !== "==" && op !== "!=")) {
    throw new EvaluationError(`a concatenation cannot be compared by ${op} with ${JSON.stringify(right)}`)
  }
  const tests = types.map((type, i) => valueTest(type, { op: "==", left: "", right: parts[i] ?? "" }))
  return (key) => (isParts(key) && key.every((value, i) => tests[i]?.(value) ?? false)) === (op === "==")
}

function valueTest(type: DataType, { op, right }: Match): (value: Value) => boolean {
  switch (op) {
    case "in":
      return type.form === "bitmask" ? anyBit(type, right) : equalTo(type, right)
    case "==":
      return equalTo(type, right)
    case "!=": {
      const isEqual = equalTo(type, right)
      return (value) => !isEqual(value)
    }
    case "!": {
      const isAny = anyBit(type, right)
      return (value) => !isAny(value)
    }
    case "<":
      return compared(type, right, (a, b) => a < b)
    case ">":
      return compared(type, right, (a, b) => a > b)
    case "<=":
      return compared(type, right, (a, b) => a <= b)
    case ">=":
      return compared(type, right, (a, b) => a >= b)
  }
}

function equalTo(type: DataType, right: Expression): (value: Value) => boolean {
  const { from, to } = readRange(type, right)
  // Interface names end in a wildcard: "eth*".
  if (type.name === "ifname" && typeof from === "string" && from.endsWith("*")) {
    const start = from.slice(0, -1)
    return (value) => typeof value === "string" && value.startsWith(start)
  }
  return from === to ? (value) => value === from : (value) => value >= from && value <= to
}

function anyBit(type: DataType, right: Expression): (value: Value) => boolean {
  const bits = readConstant(type, right)
  if (typeof bits !== "number") throw new EvaluationError(`${type.name} is no bit mask`)
  return (value) => typeof value === "number" && (value & bits) !== 0
}

function compared(
  type: DataType,
  right: Expression,
  holds: (a: Value, b: Value) => boolean,
): (value: Value) => boolean {
  const limit = readConstant(type, right)
  return (value) => holds(value, limit)
}
