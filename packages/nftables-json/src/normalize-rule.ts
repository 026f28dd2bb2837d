// A rule's statements in the form in which nft 1.0.6 prints them.
//
// nft inserts the tests a header field needs (`meta l4proto tcp` before `tcp dport`) and leaves them
// out when it prints, also those that were written by hand, unless a statement with an effect stands
// between. It also joins tests of neighbouring fields, which changes their order: tests of constants
// that stand together are sorted here by where they look.

import { stableText } from "./expression.ts"
import { placeOf, typesOf } from "./expression-type.ts"
import { dropDependencies } from "./normalize-dependencies.ts"
import {
  normalizeExpression,
  normalizeMapData,
  normalizeMatch,
  normalizeOperand,
} from "./normalize-expression.ts"
import type { Family, LimitStatement, Log, Match, Rule, Statement } from "./schema.ts"

/** Without handle and position. */
export function normalizeRule(rule: Rule): Rule {
  const { family, table, chain, comment } = rule
  const statements = dropDependencies(
    family,
    rule.expr.map((each) => normalizeStatement(family, each)),
  )
  const expr = sortTests(statements)
  return comment === undefined ? { family, table, chain, expr } : { family, table, chain, comment, expr }
}

/** Equal text, equal rule, wherever it stands. */
export function ruleText(rule: Rule): string {
  const { comment, expr } = normalizeRule(rule)
  return stableText({ comment, expr })
}

function normalizeStatement(family: Family, statement: Statement): Statement {
  if ("match" in statement) return { match: normalizeMatch(statement.match) }
  if ("counter" in statement) {
    return { counter: typeof statement.counter === "string" ? statement.counter : null }
  }
  if ("vmap" in statement) {
    const { key, data } = statement.vmap
    return { vmap: { key: normalizeExpression(key), data: normalizeMapData(typesOf(key), data, undefined) } }
  }
  if ("mangle" in statement) {
    const { key, value } = statement.mangle
    return { mangle: { key, value: normalizeOperand(typesOf(key), value) } }
  }
  if ("limit" in statement) {
    return typeof statement.limit === "string" ? statement : { limit: normalizeLimit(statement.limit) }
  }
  if ("log" in statement) return { log: normalizeLog(statement.log ?? {}) }
  if ("reject" in statement) return normalizeReject(family, statement)
  if ("set" in statement) {
    const { elem, stmt, ...rest } = statement.set
    const whole = { ...rest, elem: normalizeExpression(elem) }
    return {
      set:
        stmt === undefined ? whole : { ...whole, stmt: stmt.map((each) => normalizeStatement(family, each)) },
    }
  }
  return statement
}

/** Rates of bytes in bytes; nft picks the largest unit that divides. */
export function normalizeLimit(limit: LimitStatement): LimitStatement {
  const { rate, per, burst = 0, rate_unit = "packets", burst_unit = "bytes", inv } = limit
  const inverted = inv === true ? { inv } : {}
  if (rate_unit === "packets") return { rate, per, burst: burst === 0 ? DEFAULT_BURST : burst, ...inverted }
  const bytes = { rate: rate * (UNITS[rate_unit] ?? 1), burst: burst * (UNITS[burst_unit] ?? 1) }
  return { ...bytes, per, rate_unit: "bytes", burst_unit: "bytes", ...inverted }
}

const DEFAULT_BURST = 5
const UNITS: Readonly<Record<string, number>> = { bytes: 1, kbytes: 1024, mbytes: 1024 * 1024 }

function normalizeLog(log: Log): Log | null {
  const { level, flags, ...rest } = log
  const list = typeof flags === "string" ? [flags] : (flags ?? [])
  const isAll = list.includes("all") || LOG_FLAGS.every((flag) => list.includes(flag))
  const sorted = isAll ? ["all"] : list.toSorted((a, b) => LOG_FLAGS.indexOf(a) - LOG_FLAGS.indexOf(b))
  const result = {
    ...rest,
    ...(level === undefined || level === "warn" ? {} : { level }),
    ...(sorted.length === 0 ? {} : { flags: sorted }),
  }
  return Object.keys(result).length === 0 ? null : result
}

const LOG_FLAGS = ["tcp sequence", "tcp options", "ip options", "skuid", "ether"]

type Reject = Extract<Statement, { readonly reject: unknown }>

function normalizeReject(family: Family, { reject }: Reject): Statement {
  if (reject?.type === "tcp reset") return { reject: { type: "tcp reset" } }
  const type = reject?.type ?? (family === "ip" ? "icmp" : family === "ip6" ? "icmpv6" : "icmpx")
  return { reject: { type, expr: reject?.expr ?? "port-unreachable" } }
}

/** Equality tests of header fields with constants commute; within a run of them the order is by layer and offset. */
function sortTests(statements: readonly Statement[]): readonly Statement[] {
  const sorted: Statement[] = []
  let run: { readonly statement: Statement; readonly place: readonly [number, number] }[] = []
  const end = () => {
    run.sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1])
    sorted.push(...run.map((each) => each.statement))
    run = []
  }
  for (const statement of statements) {
    const place = "match" in statement ? placeOfTest(statement.match) : undefined
    if (place === undefined) {
      end()
      sorted.push(statement)
    } else run.push({ statement, place })
  }
  end()
  return sorted
}

function placeOfTest({ op, left, right }: Match): readonly [number, number] | undefined {
  const isConstant = typeof right === "number" || (typeof right === "string" && !right.startsWith("@"))
  if (op !== "==" || !isConstant || typeof left !== "object" || !("payload" in left)) return undefined
  return placeOf(left.payload)
}
