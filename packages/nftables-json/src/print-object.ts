// Objects of a table in nft's native syntax: the lines of a block, and the same on one line.

import { type DataType, dataType } from "./data-type.ts"
import { printMember } from "./print-expression.ts"
import { printLimit, printStatement, printSynproxy } from "./print-statement.ts"
import { listOf, quoted, seconds, textOf, valueOf, wrap } from "./print-text.ts"
import type { Chain, Element, MapElement, NftMap, NftSet, Rule, RulesetObject } from "./schema.ts"

/** Between "chain NAME {" and "}"; every entry a line. */
export function chainLines(chain: Chain): readonly string[] {
  const { type, hook, prio = 0, policy, dev, comment } = chain
  const devices = dev === undefined ? [] : typeof dev === "string" ? [dev] : dev
  const device =
    devices.length > 1
      ? ` devices = { ${devices.map(quoted).join(", ")} }`
      : devices.map((name) => ` device ${quoted(name)}`).join("")
  const base = hook === undefined ? [] : [`type ${type ?? "filter"} hook ${hook}${device} priority ${prio};`]
  return [
    ...base.map((line) => (policy === undefined ? line : `${line} policy ${policy};`)),
    ...(comment === undefined ? [] : [`comment ${quoted(comment)}`]),
  ]
}

/** A rule without table and chain. */
export function ruleText({ expr, comment }: Rule): string {
  const statements = expr.map(printStatement)
  return [...statements, ...(comment === undefined ? [] : [`comment ${quoted(comment)}`])].join(" ")
}

/** Between "set NAME {" and "}", elements included. */
export function setLines(
  set: NftSet | NftMap,
  elements: readonly (Element | MapElement)[],
  width: number,
): readonly string[] {
  const value = "map" in set ? ` : ${typeText(set.map)}` : ""
  const interval = set["gc-interval"]
  const flags = [set.flags ?? []].flat()
  return [
    `type ${typeText(set.type)}${value}`,
    ...(flags.length === 0 ? [] : [`flags ${flags.join(",")}`]),
    ...(set.timeout === undefined ? [] : [`timeout ${seconds(set.timeout)}`]),
    ...(interval === undefined ? [] : [`gc-interval ${seconds(interval)}`]),
    ...(set.size === undefined || set.size === 0 ? [] : [`size ${set.size}`]),
    ...(set.policy === undefined ? [] : [`policy ${set.policy}`]),
    ...(set["auto-merge"] === true ? ["auto-merge"] : []),
    ...(set.stmt ?? []).map(printStatement),
    ...(set.comment === undefined ? [] : [`comment ${quoted(set.comment)}`]),
    ...(elements.length === 0
      ? []
      : wrap("elements = { ", elementTexts(set, elements), width - 2).map(closeLast)),
  ]
}

/** Elements of a set whose definition is known; without it values are printed as they are. */
export function elementTexts(
  set: NftSet | NftMap | undefined,
  elements: readonly (Element | MapElement)[],
): readonly string[] {
  const types = set === undefined ? [] : typesFrom(set.type)
  const values = set !== undefined && "map" in set ? typesFrom(set.map) : []
  return elements.map((each) => printMember(each, types, values))
}

/** Keyword, name and the entries between the braces; undefined for what is not a block. */
export function namedBlock(
  object: RulesetObject,
): { readonly head: string; readonly lines: readonly string[] } | undefined {
  const [[kind, value] = ["", undefined]]: readonly (readonly [string, unknown])[] = Object.entries(object)
  const entries = NAMED[kind]
  return entries === undefined
    ? undefined
    : { head: `${kind} ${textOf(value, "name")}`, lines: [...comment(value), ...entries(value)] }
}

const NAMED: Readonly<Record<string, (value: unknown) => readonly string[]>> = {
  counter: (value) => [`packets ${textOf(value, "packets") || "0"} bytes ${textOf(value, "bytes") || "0"}`],
  limit: (value) => [limitText(value)],
  quota: (value) => [
    `${valueOf(value, "inv") === true ? "over " : ""}${textOf(value, "bytes")} bytes used ${textOf(value, "used") || "0"} bytes`,
  ],
  flowtable: (value) => {
    const devices = listOf(value, "dev")
    return [
      `hook ${textOf(value, "hook")} priority ${textOf(value, "prio") || "0"}`,
      ...(devices.length === 0 ? [] : [`devices = { ${devices.map(quoted).join(", ")} }`]),
    ]
  },
  "ct helper": (value) => [
    `type ${quoted(textOf(value, "type"))} protocol ${textOf(value, "protocol")}`,
    ...layer3(value),
  ],
  "ct timeout": (value) => [
    `protocol ${textOf(value, "protocol")}`,
    ...layer3(value),
    ...timeoutPolicy(value),
  ],
  "ct expectation": (value) => [
    `protocol ${textOf(value, "protocol")}`,
    `dport ${textOf(value, "dport")}`,
    // Milliseconds, unlike every other time in the schema.
    `timeout ${seconds(Number(textOf(value, "timeout")) / 1000)}`,
    `size ${textOf(value, "size")}`,
    ...layer3(value),
  ],
  synproxy: (value) => [printSynproxy(value).replace("synproxy ", "")],
  secmark: (value) => [quoted(textOf(value, "context"))],
}

function comment(value: unknown): readonly string[] {
  const text = textOf(value, "comment")
  return text === "" ? [] : [`comment ${quoted(text)}`]
}

function limitText(value: unknown): string {
  const unit = (field: string) => textOf(value, field)
  const burst = unit("burst")
  return printLimit({
    rate: Number(unit("rate")),
    per: unit("per"),
    ...(burst === "" ? {} : { burst: Number(burst) }),
    ...(unit("rate_unit") === "" ? {} : { rate_unit: unit("rate_unit") }),
    ...(unit("burst_unit") === "" ? {} : { burst_unit: unit("burst_unit") }),
    inv: valueOf(value, "inv") === true,
  }).replace("limit ", "")
}

function layer3(value: unknown): readonly string[] {
  const family = textOf(value, "l3proto")
  return family === "" ? [] : [`l3proto ${family}`]
}

function timeoutPolicy(value: unknown): readonly string[] {
  const policy = valueOf(value, "policy")
  if (typeof policy !== "object" || policy === null) return []
  const states = Object.entries(policy).map(([state, duration]) => `${state} : ${String(duration)}`)
  return [`policy = { ${states.join(", ")} }`]
}

function closeLast(line: string, i: number, lines: readonly string[]): string {
  return i === lines.length - 1 ? `${line} }` : line
}

function typeText(type: string | readonly string[]): string {
  return typeof type === "string" ? type : type.join(" . ")
}

function typesFrom(type: string | readonly string[]): readonly DataType[] {
  return (typeof type === "string" ? [type] : type).map(dataType)
}
