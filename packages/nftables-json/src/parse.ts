// Text of `nft -j list` to a ruleset, and a transaction to the text that `nft -j` reads.
//
// Only what the types promise about an object's place in the ruleset is checked; statements and
// expressions are kept as they are, so that what a newer nft adds is not lost.

import { encode } from "./encode.ts"
import { brokenAt } from "./json-position.ts"
import type { Family, Ruleset, RulesetObject, Transaction } from "./schema.ts"

/** The text is not what `nft -j list` prints. */
export class ParseError extends Error {
  override readonly name = "ParseError"
  /** Character of the text for broken JSON. */
  readonly position: number | undefined
  /** Place in the document, such as `nftables[3].rule.expr`. */
  readonly path: string

  constructor(message: string, where: { readonly position?: number; readonly path: string }) {
    super(message)
    this.position = where.position
    this.path = where.path
  }
}

/** Reads what `nft -j list` prints. Without `nftables` (what nft prints for an unknown scope) it is an error. */
export function parse(text: string): Ruleset {
  const document = readJson(text)
  const entries = isRecord(document) ? document["nftables"] : undefined
  if (!Array.isArray(entries)) throw new ParseError('no array "nftables"', { path: "nftables" })
  return entries.map((entry: unknown, i) => readObject(entry, `nftables[${i}]`))
}

/** The one line of ASCII that `nft -j -f -` and `nft -j -i` read. */
export function toJson(transaction: Transaction): string {
  return encode(transaction)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ParseError(cause instanceof Error ? cause.message : String(cause), {
      path: "",
      position: brokenAt(text),
    })
  }
}

function readObject(entry: unknown, path: string): RulesetObject {
  const keys = isRecord(entry) ? Object.keys(entry) : []
  const [kind] = keys
  if (kind === undefined || keys.length !== 1) throw new ParseError("not an object with one key", { path })
  checkObject(kind, isRecord(entry) ? entry[kind] : undefined, `${path}.${kind}`)
  if (!isRulesetObject(entry)) throw new ParseError("not an object", { path })
  return entry
}

function checkObject(kind: string, value: unknown, path: string): void {
  if (!isRecord(value)) throw new ParseError("not an object", { path })
  for (const [field, isGood] of FIELDS[kind] ?? []) {
    if (!isGood(value[field]))
      throw new ParseError("missing or of the wrong type", { path: `${path}.${field}` })
  }
}

type Check = (value: unknown) => boolean

const isString: Check = (value) => typeof value === "string"
const isList: Check = (value) => Array.isArray(value)
const isOptionalList: Check = (value) => value === undefined || isList(value)
const isOptionalNumber: Check = (value) => value === undefined || typeof value === "number"
const isSetType: Check = (value) => isString(value) || isList(value) || isRecord(value)
const isFamily: Check = (value) => typeof value === "string" && FAMILIES.has(value)

const FAMILIES: ReadonlySet<string> = new Set<Family>(["ip", "ip6", "inet", "arp", "bridge", "netdev"])

const NAMED: readonly (readonly [string, Check])[] = [
  ["family", isFamily],
  ["table", isString],
  ["name", isString],
  ["handle", isOptionalNumber],
]
const FIELDS: Readonly<Record<string, readonly (readonly [string, Check])[]>> = {
  table: [
    ["family", isFamily],
    ["name", isString],
    ["handle", isOptionalNumber],
  ],
  chain: NAMED,
  rule: [
    ["family", isFamily],
    ["table", isString],
    ["chain", isString],
    ["handle", isOptionalNumber],
    ["expr", isList],
  ],
  set: [...NAMED, ["type", isSetType], ["elem", isOptionalList]],
  map: [...NAMED, ["type", isSetType], ["elem", isOptionalList]],
  element: [...NAMED, ["elem", isList]],
  counter: NAMED,
  limit: NAMED,
  quota: NAMED,
  flowtable: NAMED,
  "ct helper": NAMED,
  "ct timeout": NAMED,
  "ct expectation": NAMED,
  synproxy: NAMED,
  secmark: NAMED,
}

/** True of objects that checkObject has passed, and of those that only a newer nft knows. */
function isRulesetObject(entry: unknown): entry is RulesetObject {
  return isRecord(entry)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
