// Statements in nft's native syntax.

import { isList } from "./expression.ts"
import { typesOf } from "./expression-type.ts"
import { printExpression, printMapData, printSelector, printVerdict } from "./print-expression.ts"
import { listOf, printFields, quoted, textOf, valueOf } from "./print-text.ts"
import type { Expression, LimitStatement, Log, Match, Nat, Statement } from "./schema.ts"

export function printStatement(statement: Statement): string {
  if ("match" in statement) return printMatch(statement.match)
  if ("vmap" in statement) {
    const { key, data } = statement.vmap
    return `${printSelector(key)} vmap ${printMapData(key, data, [])}`
  }
  if ("mangle" in statement) {
    const { key, value } = statement.mangle
    return `${printSelector(key)} set ${printExpression(value, typesOf(key))}`
  }
  if ("counter" in statement) return printCounter(statement.counter)
  if ("limit" in statement) {
    return typeof statement.limit === "string"
      ? `limit name ${quoted(statement.limit)}`
      : printLimit(statement.limit)
  }
  if ("log" in statement) return printLog(statement.log ?? {})
  if ("reject" in statement) return printReject(statement.reject ?? {})
  if ("set" in statement) {
    const { op, elem, set, stmt = [] } = statement.set
    const element = [printSelector(elem), ...stmt.map(printStatement)].join(" ")
    return `${op} ${set.startsWith("@") ? set : `@${set}`} { ${element} }`
  }
  if ("notrack" in statement) return "notrack"
  if ("tproxy" in statement) return printTarget("tproxy", statement.tproxy)
  if ("fwd" in statement) return printForward("fwd", statement.fwd)
  if ("dnat" in statement) return printTarget("dnat", statement.dnat ?? {})
  if ("snat" in statement) return printTarget("snat", statement.snat ?? {})
  if ("masquerade" in statement) return printTarget("masquerade", statement.masquerade ?? {})
  if ("redirect" in statement) return printTarget("redirect", statement.redirect ?? {})
  return printVerdict(statement) ?? printRare(statement)
}

function printMatch({ op, left, right }: Match): string {
  const types = typesOf(left)
  const isFlags = types[0]?.form === "bitmask"
  const isSet = typeof right === "object" && !isList(right) && "set" in right
  // Without an operator nft tests flags for any of them, and everything else for equality.
  const isPlain =
    op === "in" || (op === "==" && (!isFlags || isSet || (typeof left === "object" && "&" in left)))
  const operator = isPlain && !needsOperator(left) ? "" : `${op === "in" ? "==" : op} `
  const isFlagList = typeof right === "object" && isList(right) && isFlags && op !== "in" && op !== "!"
  const value = isFlagList
    ? `(${right.map((each) => printExpression(each, types)).join(" | ")})`
    : printExpression(right, types)
  return `${printSelector(left)} ${operator}${value}`
}

/** Behind a computed left side nft needs the operator. */
function needsOperator(left: Expression): boolean {
  return typeof left === "object" && !isList(left) && ("&" in left || "|" in left || "^" in left)
}

type Counter = Extract<Statement, { readonly counter: unknown }>["counter"]

function printCounter(counter: Counter): string {
  if (typeof counter === "string") return `counter name ${quoted(counter)}`
  const { packets = 0, bytes = 0 } = counter ?? {}
  return packets === 0 && bytes === 0 ? "counter" : `counter packets ${packets} bytes ${bytes}`
}

export function printLimit({
  rate,
  per,
  burst,
  rate_unit = "packets",
  burst_unit = "bytes",
  inv,
}: LimitStatement): string {
  const over = inv === true ? "over " : ""
  if (rate_unit === "packets") {
    return `limit rate ${over}${rate}/${per}${burst === undefined || burst === 0 ? "" : ` burst ${burst} packets`}`
  }
  const allowance = burst === undefined || burst === 0 ? "" : ` burst ${burst} ${burst_unit}`
  return `limit rate ${over}${rate} ${rate_unit}/${per}${allowance}`
}

function printLog({ prefix, group, snaplen, level, flags, ...rest }: Log): string {
  const threshold = rest["queue-threshold"]
  const all = typeof flags === "string" ? [flags] : (flags ?? [])
  return [
    "log",
    ...(prefix === undefined ? [] : [`prefix ${quoted(prefix)}`]),
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(snaplen === undefined ? [] : [`snaplen ${snaplen}`]),
    ...(threshold === undefined ? [] : [`queue-threshold ${threshold}`]),
    ...all.map((flag) => `flags ${flag}`),
  ].join(" ")
}

function printReject({ type, expr }: { readonly type?: string; readonly expr?: Expression }): string {
  if (type === undefined) return "reject"
  if (type === "tcp reset") return "reject with tcp reset"
  return expr === undefined ? `reject with ${type}` : `reject with ${type} type ${printSelector(expr)}`
}

function printTarget(
  word: string,
  { family, addr, port, ...rest }: Omit<Nat, "flags"> & { readonly flags?: unknown },
): string {
  const host = addr === undefined ? "" : printSelector(addr)
  const bracketed = port !== undefined && typeof addr === "string" && addr.includes(":") ? `[${host}]` : host
  const target = `${bracketed}${port === undefined ? "" : `:${printSelector(port)}`}`
  const flags = listOf(rest, "flags").join(",")
  return [word, family, target === "" ? undefined : `to ${target}`, flags]
    .filter((part) => part !== undefined && part !== "")
    .join(" ")
}

function printForward(
  word: string,
  { dev, family, addr }: { readonly dev?: Expression; readonly family?: string; readonly addr?: Expression },
): string {
  const device = typeof dev === "string" ? quoted(dev) : dev === undefined ? "" : printSelector(dev)
  if (addr === undefined) return `${word} to ${device}`
  const to = `${word}${family === undefined ? "" : ` ${family}`} to ${printSelector(addr)}`
  return device === "" ? to : `${to} device ${device}`
}

/** What the types leave open: statements that only newer nft has, or that few use. */
function printRare(statement: Statement): string {
  const [[kind, value] = ["", undefined]]: readonly (readonly [string, unknown])[] = Object.entries(statement)
  switch (kind) {
    case "ct helper":
    case "ct timeout":
    case "ct expectation":
      return `${kind} set ${quoted(String(value))}`
    case "ct count":
      return `ct count ${valueOf(value, "inv") === true ? "over " : ""}${textOf(value, "val")}`
    case "quota":
      return typeof value === "string" ? `quota name ${quoted(value)}` : printQuota(value)
    case "synproxy":
      return typeof value === "string" ? `synproxy name ${quoted(value)}` : printSynproxy(value)
    case "queue":
      return ["queue", printFields(value, ["num"]), listOf(value, "flags").join(",")]
        .filter((part) => part !== "")
        .join(" ")
    case "flow":
      return `flow ${textOf(value, "op")} ${textOf(value, "flowtable")}`
    case "last":
      return "last"
    case "dup": {
      const [addr, dev] = [textOf(value, "addr"), textOf(value, "dev")]
      return printForward("dup", { ...(addr === "" ? {} : { addr }), ...(dev === "" ? {} : { dev }) })
    }
    default:
      throw new RangeError(`a statement without native syntax: ${JSON.stringify(statement)}`)
  }
}

function printQuota(quota: unknown): string {
  const over = valueOf(quota, "inv") === true ? "over " : ""
  return `quota ${over}${textOf(quota, "val")} ${textOf(quota, "val_unit") || "bytes"}`
}

export function printSynproxy(synproxy: unknown): string {
  const fields = printFields(synproxy, ["mss", "wscale"])
  return ["synproxy", fields, ...listOf(synproxy, "flags")].filter((part) => part !== "").join(" ")
}
