// Steps of an evaluation as data, for whoever explains a verdict.

import type { CompiledChain, CompiledRule, RuleOutcome } from "./chain-graph.ts"
import type { Value } from "./constant.ts"
import { type DataType, writeValue } from "./data-type.ts"
import { keyText as elementText } from "./element.ts"
import { isParts } from "./lookup.ts"
import type { Family } from "./schema.ts"
import type { Question } from "./state.ts"

export interface TraceStep {
  readonly family: Family
  readonly table: string
  readonly chain: string
  /** Absent for the end of a base chain, whose policy decides. */
  readonly rule?: TracedRule
  readonly outcome: TraceOutcome
  /** Of jump and goto. */
  readonly target?: string
  /** The last set or map the rule asked, and for what. */
  readonly lookup?: { readonly set: string; readonly key: string }
}

/** "no-match" appears with `trace: "all"` only; "next" is a rule that held and gave no verdict. */
export type TraceOutcome =
  | "no-match"
  | "next"
  | "accept"
  | "drop"
  | "continue"
  | "return"
  | "jump"
  | "goto"
  | "policy accept"
  | "policy drop"

export interface TracedRule {
  /** Position in its chain. */
  readonly index: number
  readonly handle?: number
  readonly comment?: string
  /** Position of the statement that decided: that gave the verdict, or that did not hold. */
  readonly statement: number
}

export interface RuleEvent {
  readonly chain: CompiledChain
  readonly rule: CompiledRule
  readonly outcome: RuleOutcome
  readonly asked: Question | undefined
}

export function traceRule({ chain, rule, outcome, asked }: RuleEvent): TraceStep {
  const { handle, comment } = rule.rule
  const target = targetOf(outcome)
  return {
    family: chain.chain.family,
    table: chain.chain.table,
    chain: chain.chain.name,
    rule: {
      index: rule.index,
      ...(handle === undefined ? {} : { handle }),
      ...(comment === undefined ? {} : { comment }),
      statement: outcome.statement,
    },
    outcome: nameOf(outcome),
    ...(target === undefined ? {} : { target }),
    ...(asked === undefined ? {} : { lookup: { set: asked.set, key: keyText(asked) } }),
  }
}

export function tracePolicy(base: CompiledChain): TraceStep {
  const { family, table, name } = base.chain
  return { family, table, chain: name, outcome: `policy ${base.policy}` }
}

function nameOf({ verdict }: RuleOutcome): TraceOutcome {
  if (verdict === undefined) return "next"
  if (verdict === "break") return "no-match"
  if ("jump" in verdict) return "jump"
  if ("goto" in verdict) return "goto"
  if ("accept" in verdict) return "accept"
  if ("drop" in verdict) return "drop"
  return "return" in verdict ? "return" : "continue"
}

function targetOf({ verdict }: RuleOutcome): string | undefined {
  if (verdict === undefined || verdict === "break") return undefined
  if ("jump" in verdict) return verdict.jump.target
  return "goto" in verdict ? verdict.goto.target : undefined
}

function keyText({ key, types }: Question): string {
  const parts = isParts(key) ? key : [key]
  return parts.map((part, i) => valueText(types[i], part)).join(" . ")
}

function valueText(type: DataType | undefined, value: Value): string {
  // Ports of a protocol that has none.
  if (type === undefined || typeof value === "string" || Number.isNaN(value)) return String(value)
  return elementText(writeValue(type, BigInt(value)))
}
