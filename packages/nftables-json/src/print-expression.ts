// Expressions in nft's native syntax.

import { canonicalValue, type DataType, dataType, readValue } from "./data-type.ts"
import { isList, isMapElement } from "./expression.ts"
import { typesOf } from "./expression-type.ts"
import { printFields, quoted, seconds, textOf } from "./print-text.ts"
import type { Ct, ElementAttributes, Expression, Fib, MapElement, Payload } from "./schema.ts"

/** What a packet is asked for: the left side of a match, the key of a map. */
export function printSelector(expression: Expression): string {
  return printExpression(expression, [TEXT])
}

/** `types` are those of what the expression is compared with, one for each component. */
export function printExpression(expression: Expression, types: readonly DataType[]): string {
  const [type = TEXT] = types
  if (typeof expression === "boolean") return expression ? "exists" : "missing"
  if (typeof expression !== "object") return printValue(type, expression)
  if (isList(expression)) return expression.map((each) => printExpression(each, types)).join(",")
  if ("concat" in expression) {
    return expression.concat
      .map((part, i) => printExpression(part, componentTypes(part, types[i])))
      .join(" . ")
  }
  if ("prefix" in expression)
    return `${printExpression(expression.prefix.addr, types)}/${expression.prefix.len}`
  if ("range" in expression) return expression.range.map((end) => printEnd(end, type)).join("-")
  if ("set" in expression) return printAnonymousSet(expression.set, types)
  if ("map" in expression) {
    const { key, data } = expression.map
    return `${printSelector(key)} map ${printMapData(key, data, types)}`
  }
  if ("elem" in expression) return printElement(expression.elem, types)
  return printOperation(expression, types) ?? printPacketField(expression)
}

/** The data of a map or vmap: "@name" or pairs. */
export function printMapData(key: Expression, data: Expression, values: readonly DataType[]): string {
  const content = typeof data === "object" && !isList(data) && "set" in data ? data.set : undefined
  if (!isElements(content)) return printExpression(data, [TEXT])
  return `{ ${content.map((each) => printMember(each, typesOf(key), values)).join(", ")} }`
}

/** An element of a set, or a pair of a map. */
export function printMember(
  member: Expression | MapElement,
  types: readonly DataType[],
  values: readonly DataType[],
): string {
  if (!isMapElement(member)) return printExpression(member, types)
  const [key, value] = member
  return `${printExpression(key, types)} : ${printVerdict(value) ?? printExpression(asExpression(value), values)}`
}

/** undefined for what is no verdict. */
export function printVerdict(verdict: unknown): string | undefined {
  const [[kind, value] = ["", undefined]] =
    typeof verdict === "object" && verdict !== null ? Object.entries(verdict) : []
  if (kind === "jump" || kind === "goto") return `${kind} ${textOf(value, "target")}`
  return ["accept", "drop", "continue", "return"].includes(kind) ? kind : undefined
}

const TEXT = dataType("text")
const NAMES_OF_INTERFACES = ["ifname", "iface_index"]

function printValue(type: DataType, value: string | number): string {
  if (typeof value === "number") return printNumber(type, value)
  if (value.startsWith("@") || type.form === "ipv4" || type.form === "ipv6") return value
  if (NAMES_OF_INTERFACES.includes(type.name)) return quoted(value)
  const number = type.form === "integer" && !PLAIN.test(value) ? readValue(type, value) : undefined
  if (number !== undefined) return printNumber(type, Number(number))
  return PLAIN.test(value) ? value : quoted(value)
}

function printNumber(type: DataType, value: number): string {
  if (type.name === "mark") return hexadecimal(value)
  const name = type.form === "integer" ? canonicalValue(type, value) : value
  return typeof name === "string" ? name : String(value)
}

/** Names hold hyphens themselves, so nft reads numbers only at the ends of a range. */
function printEnd(end: Expression, type: DataType): string {
  const number = type.symbols === undefined ? undefined : readValue(type, end)
  return number === undefined ? printExpression(end, [type]) : String(number)
}

const PLAIN = /^[A-Za-z0-9_.:/*@-]+$/

function hexadecimal(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`
}

function componentTypes(part: Expression, type: DataType | undefined): readonly DataType[] {
  return type === undefined ? typesOf(part) : [type]
}

function printAnonymousSet(content: unknown, types: readonly DataType[]): string {
  const members = isElements(content) ? content : isExpression(content) ? [content] : []
  return `{ ${members.map((each) => printMember(each, types, [TEXT])).join(", ")} }`
}

function printElement(
  { val, timeout, comment, counter }: ElementAttributes,
  types: readonly DataType[],
): string {
  return [
    printExpression(val, types),
    ...(timeout === undefined ? [] : [`timeout ${seconds(timeout)}`]),
    ...(counter === undefined ? [] : ["counter"]),
    ...(comment === undefined ? [] : [`comment ${quoted(comment)}`]),
  ].join(" ")
}

const OPERATORS = ["|", "^", "&", "<<", ">>"] as const

/** Parentheses where a looser operator stands inside a tighter one, as in C. */
function printOperation(expression: Expression, types: readonly DataType[]): string | undefined {
  const operator = operatorOf(expression)
  const pair: unknown = operator === undefined ? undefined : Object.values(expression)[0]
  if (operator === undefined || !isPair(pair)) return undefined
  const own = typesOf(pair[0])
  const constantTypes = own[0]?.form === "text" ? types : own
  const sides = pair.map((side) => {
    const inner = operatorOf(side)
    if (isExpression(side) && typeof side === "object" && isList(side)) {
      return `(${side.map((each) => printExpression(each, constantTypes)).join(" | ")})`
    }
    const text = printExpression(side, constantTypes)
    return inner !== undefined && OPERATORS.indexOf(inner) < OPERATORS.indexOf(operator) ? `(${text})` : text
  })
  return sides.join(` ${operator} `)
}

function operatorOf(expression: unknown): (typeof OPERATORS)[number] | undefined {
  if (typeof expression !== "object" || expression === null || Array.isArray(expression)) return undefined
  return OPERATORS.find((operator) => operator in expression)
}

/** What is read from the packet or its surroundings. */
function printPacketField(expression: Expression): string {
  if (typeof expression !== "object" || isList(expression)) return printExpression(expression, [TEXT])
  if ("payload" in expression) return printPayload(expression.payload)
  if ("meta" in expression) return printMeta(expression.meta.key)
  if ("ct" in expression) return printCt(expression.ct)
  if ("fib" in expression) return printFib(expression.fib)
  if ("exthdr" in expression) {
    const { name, field, offset } = expression.exthdr
    const option = name === "rt0" || offset === undefined ? name : `${name}${offset}`
    return field === undefined ? `exthdr ${option}` : `${option} ${field}`
  }
  if ("tcp option" in expression) {
    const { name, field } = expression["tcp option"]
    return field === undefined ? `tcp option ${name}` : `tcp option ${name} ${field}`
  }
  if ("rt" in expression) {
    const { key, family } = expression.rt
    return family === undefined ? `rt ${key}` : `rt ${family} ${key}`
  }
  if ("socket" in expression) return `socket ${expression.socket.key}`
  if ("numgen" in expression) {
    const { mode, mod, offset } = expression.numgen
    return `numgen ${mode} mod ${mod}${offset === undefined || offset === 0 ? "" : ` offset ${offset}`}`
  }
  if ("jhash" in expression) return printHash(expression.jhash)
  if ("symhash" in expression) return `symhash ${printFields(expression.symhash, ["mod", "offset"])}`
  throw new RangeError(`an expression without native syntax: ${JSON.stringify(expression)}`)
}

function printHash(hash: unknown): string {
  const inner: unknown = typeof hash === "object" && hash !== null && "expr" in hash ? hash.expr : undefined
  const key = isExpression(inner) ? printSelector(inner) : ""
  return `jhash ${key} ${printFields(hash, ["mod", "seed", "offset"])}`
}

function printPayload(payload: Payload): string {
  if ("protocol" in payload) return `${payload.protocol} ${payload.field}`
  return `@${payload.base},${payload.offset},${payload.len}`
}

/** The keys that nft prints without `meta`. */
const UNQUALIFIED = [
  "iif",
  "iifname",
  "iiftype",
  "oif",
  "oifname",
  "oiftype",
  "skuid",
  "skgid",
  "nftrace",
  "rtclassid",
]

function printMeta(key: string): string {
  return UNQUALIFIED.includes(key) ? key : `meta ${key}`
}

function printCt({ key, dir, family }: Ct): string {
  return ["ct", dir, family, key].filter((part) => part !== undefined).join(" ")
}

function printFib({ result, flags }: Fib): string {
  return `fib ${typeof flags === "string" ? flags : flags.join(" . ")} ${result}`
}

function isElements(value: unknown): value is readonly (Expression | MapElement)[] {
  return Array.isArray(value)
}

function isPair(value: unknown): value is readonly [Expression, Expression] {
  return Array.isArray(value) && value.length === 2
}

function isExpression(value: unknown): value is Expression {
  return value !== undefined && value !== null
}

function asExpression(value: unknown): Expression {
  return isExpression(value) ? value : ""
}
