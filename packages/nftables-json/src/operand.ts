// Left sides of matches and keys of maps: expressions that depend on the packet.

import { type Key, readConstant, type Value } from "./constant.ts"
import { type DataType, dataType } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import { isList, referencedSet } from "./expression.ts"
import { typesOf } from "./expression-type.ts"
import { loadConntrack, loadMeta, loadPayload } from "./load.ts"
import type { Expression, Fib } from "./schema.ts"
import type { Scope } from "./scope.ts"
import type { State } from "./state.ts"

export interface Operand {
  /** One for each component of a concatenation. */
  readonly types: readonly DataType[]
  /** Undefined ends the rule. */
  readonly load: (state: State) => Key | undefined
}

/** An operand of a single value. */
export interface SingleOperand {
  readonly type: DataType
  readonly load: (state: State) => Value | undefined
}

export function compileOperand(expression: Expression, scope: Scope): Operand {
  if (typeof expression === "object" && !isList(expression) && "concat" in expression) {
    return concatenation(expression.concat.map((part) => compileSingle(part, scope)))
  }
  const { type, load } = compileSingle(expression, scope)
  return { types: [type], load }
}

/** `wanted` is the type of constants, and of what an anonymous map yields. */
export function compileSingle(expression: Expression, scope: Scope, wanted?: DataType): SingleOperand {
  if (typeof expression !== "object" || isList(expression)) return constantOperand(expression, wanted)
  if ("payload" in expression) return typed(expression, loadPayload(expression.payload))
  if ("meta" in expression) return typed(expression, loadMeta(expression.meta.key))
  if ("ct" in expression) {
    const { ct } = expression
    // nft 1.0.6 prints `ct original ip saddr` as key "ip saddr"; its manual has key saddr with a family.
    const key = ct.family === undefined ? ct.key : `${ct.family} ${ct.key}`
    return typed({ ct: { ...ct, key } }, loadConntrack(key, ct.dir))
  }
  if ("fib" in expression) return typed(expression, loadFib(expression.fib))
  if ("map" in expression) return mapOperand(expression.map, scope, wanted)
  for (const operator of OPERATORS) {
    const operands = operandsOf(expression, operator)
    if (operands !== undefined) return bitwise({ operator, operands, wanted }, scope)
  }
  throw new EvaluationError(`cannot evaluate the expression ${Object.keys(expression).join()}`)
}

function concatenation(parts: readonly SingleOperand[]): Operand {
  return {
    types: parts.map((part) => part.type),
    load: (state) => {
      const values: Value[] = []
      for (const part of parts) {
        const value = part.load(state)
        if (value === undefined) return undefined
        values.push(value)
      }
      return values
    },
  }
}

function typed(expression: Expression, load: SingleOperand["load"]): SingleOperand {
  return { type: typesOf(expression)[0] ?? dataType("text"), load }
}

function constantOperand(expression: Expression, wanted: DataType | undefined): SingleOperand {
  if (wanted === undefined || referencedSet(expression) !== undefined) {
    throw new EvaluationError(`${JSON.stringify(expression)} has no type here`)
  }
  const value = readConstant(wanted, expression)
  return { type: wanted, load: () => value }
}

function mapOperand(
  { key, data }: { readonly key: Expression; readonly data: Expression },
  scope: Scope,
  wanted: DataType | undefined,
): SingleOperand {
  const operand = compileOperand(key, scope)
  const map = scope.valueMap(data, { types: operand.types, wanted })
  const load = (state: State) => {
    const asked = operand.load(state)
    if (asked === undefined) return undefined
    state.asked = { set: map.name, types: operand.types, key: asked }
    return map.lookup(asked)?.data
  }
  return { type: map.type, load }
}

type Operator = "&" | "|" | "^" | "<<" | ">>"
const OPERATORS: readonly Operator[] = ["&", "|", "^", "<<", ">>"]

function operandsOf(expression: object, operator: Operator): readonly Expression[] | undefined {
  const operands: unknown = Object.entries(expression).find(([key]) => key === operator)?.[1]
  return isExpressions(operands) ? operands : undefined
}

function isExpressions(operands: unknown): operands is readonly Expression[] {
  return Array.isArray(operands)
}

interface Bitwise {
  readonly operator: Operator
  /** nft 1.1 prints `a | b | c` as one list of three. */
  readonly operands: readonly Expression[]
  readonly wanted: DataType | undefined
}

function bitwise({ operator, operands, wanted }: Bitwise, scope: Scope): SingleOperand {
  const [first, ...rest] = operands
  if (first === undefined) throw new EvaluationError(`${operator} without operands`)
  const left = compileSingle(first, scope, wanted)
  const countType = operator === "<<" || operator === ">>" ? dataType("integer") : left.type
  return rest.reduce<SingleOperand>((before, expression) => {
    const after = compileSingle(expression, scope, countType)
    return {
      type: left.type,
      load: (state) => {
        const a = before.load(state)
        const b = after.load(state)
        return a === undefined || b === undefined ? undefined : combine(operator, [a, b], left.type)
      },
    }
  }, left)
}

function combine(operator: Operator, [a, b]: readonly [Value, Value], type: DataType): Value {
  if (typeof a === "number" && typeof b === "number" && type.bits <= 32) {
    return combineNumbers(operator, [a, b], type.bits)
  }
  if (typeof a === "string" || typeof b === "string") {
    throw new EvaluationError(`${operator} needs numbers, not ${type.name}`)
  }
  const wide = BigInt.asUintN(type.bits, combineWide(operator, BigInt(a), BigInt(b)))
  return typeof a === "bigint" ? wide : Number(wide)
}

function combineNumbers(operator: Operator, [a, b]: readonly [number, number], bits: number): number {
  switch (operator) {
    case "&":
      return (a & b) >>> 0
    case "|":
      return (a | b) >>> 0
    case "^":
      return (a ^ b) >>> 0
    case "<<":
      return bits === 32 ? (a << b) >>> 0 : (a << b) & (2 ** bits - 1)
    case ">>":
      return a >>> b
  }
}

function combineWide(operator: Operator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "&":
      return a & b
    case "|":
      return a | b
    case "^":
      return a ^ b
    case "<<":
      return a << b
    case ">>":
      return a >> b
  }
}

/** `fib ... oif` yields the interface's name, and "" for none: `missing` is the constant false. */
function loadFib(fib: Fib): SingleOperand["load"] {
  const flags = typeof fib.flags === "string" ? [fib.flags] : fib.flags
  const type = dataType("fib_addrtype")
  const query = { result: fib.result, flags }
  return (state) => {
    if (state.environment.fib === undefined)
      throw new EvaluationError(`no environment answers fib ${fib.result}`)
    const answer = state.environment.fib(query, state.view.packet)
    if (fib.result === "type") return readConstant(type, answer ?? "unspec")
    return answer ?? ""
  }
}
