// Statements of a rule as steps on a state.
//
// A statement that this evaluator does not know is an error when a packet reaches it: rules of other
// tables may carry it, and passing over it would make up a verdict.

import { type Key, type Value } from "./constant.ts"
import { EvaluationError } from "./evaluation-error.ts"
import { compileMatch } from "./match.ts"
import { compileOperand, compileSingle } from "./operand.ts"
import type { Expression, LimitStatement, Log, Statement, Verdict } from "./schema.ts"
import { isVerdict, type Scope } from "./scope.ts"
import { entryOf, type State } from "./state.ts"

/** Undefined: on with the next statement. "break": this rule does not hold. A verdict ends the rule. */
export type Step = (state: State) => Verdict | "break" | undefined

export interface RulePlace {
  readonly scope: Scope
  readonly rule: number
  /** Position in the rule. */
  readonly statement: number
}

export function compileStatement(statement: Statement, place: RulePlace): Step {
  if (isVerdict(statement)) return () => statement
  const { scope } = place
  if ("match" in statement) return matching(statement.match, scope)
  if ("vmap" in statement) return verdictMap(statement.vmap, scope)
  if ("counter" in statement) return counting(statement.counter, place)
  if ("mangle" in statement) return mangling(statement.mangle, scope)
  if ("limit" in statement) return limiting(statement.limit, scope)
  if ("log" in statement) return logging(statement.log, scope)
  if ("reject" in statement) return () => DROP
  if ("notrack" in statement) return untracking
  if ("last" in statement) return () => undefined
  throw new EvaluationError(`cannot evaluate the statement ${Object.keys(statement).join()}`)
}

const DROP: Verdict = { drop: null }

function matching(match: Parameters<typeof compileMatch>[0], scope: Scope): Step {
  const holds = compileMatch(match, scope)
  return (state) => (holds(state) ? undefined : "break")
}

/** A miss ends the rule as a mismatch does (nft_lookup_eval). */
function verdictMap(
  { key, data }: { readonly key: Expression; readonly data: Expression },
  scope: Scope,
): Step {
  const operand = compileOperand(key, scope)
  const map = scope.verdictMap(data, operand.types)
  return (state) => {
    const asked: Key | undefined = operand.load(state)
    if (asked === undefined) return "break"
    state.asked = { set: map.name, types: operand.types, key: asked }
    return map.lookup(asked)?.data ?? "break"
  }
}

function counting(
  counter: { readonly packets?: number } | string | null,
  { scope, rule, statement }: RulePlace,
): Step {
  const name = typeof counter === "string" ? counter : undefined
  const hit = { table: scope.table, chain: scope.chain, rule, statement, name }
  return (state) => {
    state.counters.push(hit)
    return undefined
  }
}

function mangling(
  { key, value }: { readonly key: Expression; readonly value: Expression },
  scope: Scope,
): Step {
  const target = compileTarget(key)
  const { type } = compileSingle(key, scope)
  const source = compileSingle(value, scope, type)
  return (state) => {
    const number = source.load(state)
    if (number === undefined) return "break"
    target(state, number)
    return undefined
  }
}

/** Where there is no conntrack entry, setting its mark does nothing and the rule goes on (nft_ct_set_eval). */
function compileTarget(key: Expression): (state: State, value: Value) => void {
  const name = targetName(key) ?? JSON.stringify(key)
  switch (name) {
    case "ct mark":
      return (state, value) => {
        if (entryOf(state) !== undefined) state.ctMark = Number(value)
      }
    case "meta mark":
      return (state, value) => {
        state.mark = Number(value)
      }
    // No verdict depends on these.
    case "meta priority":
    case "meta nftrace":
      return () => undefined
    default:
      throw new EvaluationError(`cannot evaluate setting ${name}`)
  }
}

function targetName(key: Expression): string | undefined {
  if (typeof key !== "object") return undefined
  if ("ct" in key) return `ct ${key.ct.key}`
  return "meta" in key ? `meta ${key.meta.key}` : undefined
}

/** A packet is always within its rate; `limit rate over` (inv) therefore never holds. */
function limiting(limit: LimitStatement | string, scope: Scope): Step {
  const { inv } = typeof limit === "string" ? scope.limit(limit) : limit
  return inv === true ? () => "break" : () => undefined
}

function logging(log: Log | null, scope: Scope): Step {
  const entry = { prefix: log?.prefix ?? "", group: log?.group, level: log?.level, chain: scope.chain }
  return (state) => {
    state.log.push(entry)
    return undefined
  }
}

/** Only before conntrack has seen the packet (nft_notrack_eval). */
function untracking(state: State): undefined {
  if (!state.seesConntrack) state.isUntracked = true
}
