// The generation: the number in the connection mark under which a connection was accepted.
//
// Only connections that carry the number in force pass unjudged. 0 is an unmarked connection, all bits
// set means "denied": neither is ever in force. Rules commented "generation" hold the constants; what the
// renderer wrote there is a placeholder, and what nft prints is not what it was given (1.0.6 prints
// `ct mark and 0x00ffffff or 0x01000000` with 0x01ffffff), so constants are always written whole.

import type { Plan } from "nftables-json/plan"
import type {
  Command,
  Expression,
  Rule,
  Ruleset,
  RulesetObject,
  Statement,
  Transaction,
} from "nftables-json/schema"

export const GENERATION_COMMENT = "generation"
/** Comment of the rule in deny chains that marks a connection as denied. */
export const DENIED_COMMENT = "denied"
/** Comment of the rule that asks whether a connection carries any number, be it in force or not. */
const STALE_COMMENT = "stale"
export const DEFAULT_MASK = 0xff000000

/** What the "generation" rules say now. */
export interface Generation {
  readonly number: number
  readonly mask: number
}

export type GenerationErrorCode = "mask-invalid" | "mask-in-use"

export class GenerationError extends Error {
  override readonly name = "GenerationError"
  readonly code: GenerationErrorCode
  constructor(code: GenerationErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The bits must be adjacent, and hold at least one number beside 0 and "denied". */
export function checkMask(mask: number): void {
  const lowest = (mask & -mask) >>> 0
  const ones = mask / lowest
  const valid = Number.isInteger(mask) && mask > 0 && mask <= 0xffffffff && ((ones + 1) & ones) === 0
  if (valid && ones >= 3) return
  throw new GenerationError(
    "mask-invalid",
    `mark mask ${hex(mask)}: two or more adjacent bits of 32 are needed`,
  )
}

/** The highest number that may be in force; one more is "denied". */
export function lastNumber(mask: number): number {
  return mask / lowestBit(mask) - 1
}

export function markOf(generation: Generation): number {
  return generation.number * lowestBit(generation.mask)
}

export function numberIn(mark: number, mask: number): number {
  return ((mark & mask) >>> 0) / lowestBit(mask)
}

/** The ruleset with the generation's constants in every rule that carries them. */
export function withGeneration(ruleset: Ruleset, generation: Generation): Ruleset {
  return ruleset.map((object) => objectWith(object, generation))
}

export function planWithGeneration(plan: Plan, generation: Generation): Plan {
  return {
    add: transactionWith(plan.add, generation),
    flip: transactionWith(plan.flip, generation),
    remove: plan.remove,
  }
}

/** The generation that a ruleset read from the kernel has in force; undefined where it has no such rule. */
export function generationIn(ruleset: Ruleset, mask: number): number | undefined {
  for (const object of ruleset) {
    if (!("rule" in object) || object.rule.comment !== GENERATION_COMMENT) continue
    const mark = acceptedMark(object.rule)
    if (mark !== undefined) return numberIn(mark, mask)
  }
  return undefined
}

export function hex(mark: number): string {
  return `0x${mark.toString(16).padStart(8, "0")}`
}

function lowestBit(mask: number): number {
  return (mask & -mask) >>> 0
}

function transactionWith(transaction: Transaction, generation: Generation): Transaction {
  return transaction.map((command): Command => {
    if ("add" in command) return { add: objectWith(command.add, generation) }
    if ("create" in command) return { create: objectWith(command.create, generation) }
    if ("insert" in command) return { insert: { rule: ruleWith(command.insert.rule, generation) } }
    if ("replace" in command) return { replace: { rule: ruleWith(command.replace.rule, generation) } }
    return command
  })
}

function objectWith(object: RulesetObject, generation: Generation): RulesetObject {
  return "rule" in object ? { rule: ruleWith(object.rule, generation) } : object
}

function ruleWith(rule: Rule, generation: Generation): Rule {
  const mark = constantOf(rule.comment, generation)
  if (mark === undefined) return rule
  return { ...rule, expr: rule.expr.map((statement) => statementWith(statement, mark, generation.mask)) }
}

function constantOf(comment: string | undefined, generation: Generation): number | undefined {
  if (comment === GENERATION_COMMENT) return markOf(generation)
  if (comment === DENIED_COMMENT) return generation.mask
  return comment === STALE_COMMENT ? 0 : undefined
}

const CT_MARK: Expression = { ct: { key: "mark" } }

function statementWith(statement: Statement, mark: number, mask: number): Statement {
  if ("match" in statement && mentionsMark(statement.match.left)) {
    return { match: { op: statement.match.op, left: { "&": [CT_MARK, mask] }, right: mark } }
  }
  if ("mangle" in statement && mentionsMark(statement.mangle.key)) {
    const kept: Expression = { "&": [CT_MARK, ~mask >>> 0] }
    return { mangle: { key: CT_MARK, value: { "|": [kept, mark] } } }
  }
  return statement
}

function mentionsMark(expression: Expression): boolean {
  if (typeof expression !== "object" || Array.isArray(expression)) return false
  if ("ct" in expression) return expression.ct.key === "mark"
  return "&" in expression && mentionsMark(expression["&"][0])
}

/** The mark of `ct mark and M == G`; nft 1.0.6 prints it as a prefix where the mask is the uppermost bits. */
function acceptedMark(rule: Rule): number | undefined {
  for (const statement of rule.expr) {
    if (!("match" in statement) || !mentionsMark(statement.match.left)) continue
    const right = statement.match.right
    if (typeof right === "number") return right
    if (typeof right === "object" && "prefix" in right && typeof right.prefix.addr === "number")
      return right.prefix.addr
  }
  return undefined
}
