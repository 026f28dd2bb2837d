// A ruleset or a transaction as text in nft's native syntax: what `nft -f` reads, pleasant to look at.
//
// The text is complete. What has no native syntax (extensions of iptables-nft) throws a RangeError.

import { chainLines, elementTexts, namedBlock, ruleText, setLines } from "./print-object.ts"
import { quoted, wrap } from "./print-text.ts"
import { indexRuleset, type SetIndex, type TableIndex, tableKey } from "./ruleset-index.ts"
import type {
  Command,
  ElementList,
  NftMap,
  NftSet,
  Rule,
  Ruleset,
  RulesetObject,
  Transaction,
} from "./schema.ts"

export interface PrintOptions {
  /** Columns after which elements go to the next line. */
  readonly width?: number
}

/** Tables as blocks, in the order of the ruleset. */
export function printRuleset(ruleset: Ruleset, { width = WIDTH }: PrintOptions = {}): string {
  return [...indexRuleset(ruleset).values()].map((table) => `${printTable(table, width)}\n`).join("\n")
}

/** A command a line, in order; names of types of values are taken from sets that the transaction adds itself. */
export function printTransaction(transaction: Transaction, { width = WIDTH }: PrintOptions = {}): string {
  const sets = new Map<string, NftSet | NftMap>()
  return transaction
    .map((command) => {
      const added = "add" in command ? command.add : "create" in command ? command.create : undefined
      const set =
        added === undefined ? undefined : "set" in added ? added.set : "map" in added ? added.map : undefined
      if (set !== undefined) sets.set(setKey(set), set)
      return `${printCommand(command, { sets, width })}\n`
    })
    .join("")
}

/** Whichever of the two it is. */
export function print(input: Ruleset | Transaction, options: PrintOptions = {}): string {
  return isTransaction(input) ? printTransaction(input, options) : printRuleset(input, options)
}

const WIDTH = 100
const INDENT = "  "
const VERBS = ["add", "create", "insert", "replace", "delete", "flush", "reset", "rename"]

function isTransaction(input: Ruleset | Transaction): input is Transaction {
  return input.length > 0 && input.every((each) => VERBS.some((verb) => verb in each))
}

function printTable({ table, objects, sets, chains }: TableIndex, width: number): string {
  const inner = width - 2 * INDENT.length
  const blocks = [
    ...[...objects.values()].map(objectBlock),
    ...[...sets.values()].map((set) => setBlock(set, inner)),
    ...[...chains.values()].map(({ chain, rules }) =>
      block(`chain ${chain.name}`, [...chainLines(chain), ...rules.map(ruleText)]),
    ),
  ]
  const flags = table.flags === undefined ? [] : [`flags ${[table.flags].flat().join(",")}`]
  const comment = table.comment === undefined ? [] : [`comment ${quoted(table.comment)}`]
  const lines = [...flags, ...comment].map((line) => INDENT + line)
  const body = blocks.map((each) => each.map((line) => INDENT + line).join("\n"))
  const paragraphs = [...(lines.length === 0 ? [] : [lines.join("\n")]), ...body]
  return `table ${table.family} ${table.name} {\n${paragraphs.join("\n\n")}${paragraphs.length === 0 ? "" : "\n"}}`
}

function block(head: string, lines: readonly string[]): readonly string[] {
  return [`${head} {`, ...lines.map((line) => INDENT + line), "}"]
}

function setBlock({ kind, set, elements }: SetIndex, width: number): readonly string[] {
  return block(`${kind} ${set.name}`, setLines(set, elements, width))
}

function objectBlock(object: RulesetObject): readonly string[] {
  const named = namedBlock(object)
  if (named === undefined) throw new RangeError(`an object without native syntax: ${JSON.stringify(object)}`)
  return block(named.head, named.lines)
}

interface CommandContext {
  readonly sets: ReadonlyMap<string, NftSet | NftMap>
  readonly width: number
}

function printCommand(command: Command, context: CommandContext): string {
  if ("add" in command) return printAdded("add", command.add, context)
  if ("create" in command) return printAdded("create", command.create, context)
  if ("insert" in command) return printRule("insert", command.insert.rule)
  if ("replace" in command) return printRule("replace", command.replace.rule)
  if ("delete" in command) return printNamed("delete", command.delete, context)
  if ("reset" in command) return printNamed("reset", command.reset, context)
  if ("flush" in command) {
    return "ruleset" in command.flush ? "flush ruleset" : printNamed("flush", command.flush, context)
  }
  const { family, table, name, newname } = command.rename.chain
  return `rename chain ${family} ${table} ${name} ${newname}`
}

function printAdded(verb: "add" | "create", object: RulesetObject, context: CommandContext): string {
  if ("rule" in object) return printRule(verb, object.rule)
  if ("element" in object) return printElements(verb, object.element, context)
  const head = `${verb} ${address(object)}`
  const lines = definition(object, context.width)
  if (verb === "create" && UNBLOCKED.some((kind) => kind in object)) {
    // Of a counter, create takes the name alone.
    return "counter" in object ? head : [head, ...lines].join(" ")
  }
  return lines.length === 0 ? head : `${head} {\n${lines.map((line) => INDENT + line).join("\n")}\n}`
}

/** `create` reads these without braces, unlike `add` (parser_bison.y of nft 1.0.6). */
const UNBLOCKED = ["counter", "limit", "quota", "synproxy", "secmark"]

function definition(object: RulesetObject, width: number): readonly string[] {
  if ("table" in object)
    return object.table.comment === undefined ? [] : [`comment ${quoted(object.table.comment)}`]
  if ("chain" in object) return chainLines(object.chain)
  if ("set" in object) return setLines(object.set, object.set.elem ?? [], width)
  if ("map" in object) return setLines(object.map, object.map.elem ?? [], width)
  return namedBlock(object)?.lines ?? []
}

function printRule(verb: string, rule: Rule): string {
  const { family, table, chain, handle, index } = rule
  // As JSON, add takes no notice of a handle; the native command would.
  const isPlaced = handle !== undefined && (verb === "insert" || verb === "replace")
  const position = index !== undefined ? ` index ${index}` : isPlaced ? ` handle ${handle}` : ""
  return `${verb} rule ${family} ${table} ${chain}${position} ${ruleText(rule)}`
}

function printElements(verb: string, list: ElementList, { sets, width }: CommandContext): string {
  const { family, table, name, elem } = list
  const lines = wrap(INDENT, elementTexts(sets.get(setKey(list)), elem), width)
  const head = `${verb} element ${family} ${table} ${name} {`
  const [only = ""] = lines
  if (lines.length === 1 && head.length + only.length < width) return `${head} ${only.trim()} }`
  return `${head}\n${lines.join("\n")}\n}`
}

function printNamed(verb: string, object: RulesetObject, context: CommandContext): string {
  if ("element" in object) return printElements(verb, object.element, context)
  if (!("rule" in object)) return `${verb} ${address(object)}`
  const { family, table, chain, handle } = object.rule
  return `${verb} rule ${family} ${table} ${chain} handle ${handle}`
}

/** Kind, family, table and name. */
function address(object: RulesetObject): string {
  const [[kind, value] = ["", undefined]] = Object.entries(object)
  if (value === undefined || !("name" in value)) return kind
  return "table" in value
    ? `${kind} ${value.family} ${value.table} ${value.name}`
    : `${kind} ${value.family} ${value.name}`
}

function setKey({ family, table, name }: Pick<NftSet, "family" | "table" | "name">): string {
  return `${tableKey(family, table)} ${name}`
}
