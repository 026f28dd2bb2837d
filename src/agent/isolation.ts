// Taking out of a ruleset what the kernel refuses, so that the rest can be enforced.
//
// Everything that leads to the refused object goes with it, and the pods that were judged by it are sent to
// `drop_unknown`: they fail closed. Chains of the fixed frame cannot be taken out; without them nothing is.

import type { Command, MapElement, NftMap, Ruleset, RulesetObject, Verdict } from "nftables-json/schema"
import { DISPATCH_MAPS, keyOf } from "./narrows.ts"

export interface Isolated {
  readonly ruleset: Ruleset
  /** Addresses of the pods that fail closed. */
  readonly addresses: readonly string[]
}

/** The set, map or chain that a command is about, as "family table name". */
export function objectOf(command: Command): string | undefined {
  const [body] = Object.values<object>(command)
  const [object] = Object.values<unknown>({ ...body })
  if (typeof object !== "object" || object === null) return undefined
  const field = (name: string): string => (name in object ? String(Reflect.get(object, name)) : "")
  return `${field("family")} ${field("table")} ${field("chain") || field("name")}`
}

/** The dispatch element that a command writes, when that is all it does. */
export function dispatchElementOf(command: Command): string | undefined {
  if (!("add" in command) || !("element" in command.add) || !DISPATCH_MAPS.has(command.add.element.name))
    return undefined
  const [element, ...others] = command.add.element.elem
  const key = element === undefined || others.length > 0 ? undefined : keyOf(element)
  return typeof key === "string" ? dispatchName(command.add.element, key) : undefined
}

/** Undefined where the frame itself depends on what is refused. */
export function isolate(ruleset: Ruleset, refused: ReadonlySet<string>): Isolated | undefined {
  if (refused.size === 0) return { ruleset, addresses: [] }
  const gone = closure(ruleset, refused)
  if ([...gone].some(isFrame)) return undefined
  const addresses = new Set<string>()
  const rest = ruleset.flatMap((object): readonly RulesetObject[] => {
    if ("map" in object && DISPATCH_MAPS.has(object.map.name))
      return [{ map: rerouted(object.map, gone, addresses) }]
    return gone.has(nameOf(object)) ? [] : [object]
  })
  return { ruleset: rest, addresses: [...addresses].sort() }
}

/** What refers to something gone is gone; dispatch maps are not, their elements are rerouted. */
function closure(ruleset: Ruleset, refused: ReadonlySet<string>): ReadonlySet<string> {
  const users = new Map<string, Set<string>>()
  for (const object of ruleset) {
    const name = nameOf(object)
    if (isDispatch(object)) continue
    for (const used of namesIn(object, tableOf(object)))
      users.set(used, (users.get(used) ?? new Set()).add(name))
  }
  const gone = new Set(refused)
  for (const name of gone) for (const user of users.get(name) ?? []) gone.add(user)
  return gone
}

function isDispatch(object: RulesetObject): boolean {
  return "map" in object && DISPATCH_MAPS.has(object.map.name)
}

/** Content-named objects end in a hash; what has none is the frame. */
function isFrame(name: string): boolean {
  const [, , own = "", key] = name.split(" ")
  return key === undefined && !HASHED.test(own)
}

const HASHED = /_[a-z2-7]{24}(_\w+)?$/

function rerouted(map: NftMap, gone: ReadonlySet<string>, addresses: Set<string>): NftMap {
  const elem = map.elem?.map((element): MapElement => {
    const [key, value] = element
    const target = targetOf(value)
    const key_ = typeof key === "string" ? key : JSON.stringify(key)
    const isRefused = gone.has(`${map.family} ${map.table} ${target}`) || gone.has(dispatchName(map, key_))
    if (!isRefused) return element
    addresses.add(key_)
    return [key, { goto: { target: "drop_unknown" } }]
  })
  return elem === undefined ? map : { ...map, elem }
}

/** Name under which a single dispatch element counts as refused. */
function dispatchName(
  map: { readonly family: string; readonly table: string; readonly name: string },
  key: string,
): string {
  return `${map.family} ${map.table} ${map.name} ${key}`
}

function targetOf(value: MapElement[1]): string {
  const verdict: Verdict | undefined =
    typeof value === "object" && ("goto" in value || "jump" in value) ? value : undefined
  if (verdict === undefined) return ""
  return "goto" in verdict ? verdict.goto.target : "jump" in verdict ? verdict.jump.target : ""
}

/** A rule stands for its chain. */
function nameOf(object: RulesetObject): string {
  return objectOf({ add: object }) ?? ""
}

function tableOf(object: RulesetObject): string {
  return nameOf(object).split(" ").slice(0, 2).join(" ")
}

/** Chains and sets that the object's JSON names. */
function* namesIn(value: unknown, table: string): Generator<string> {
  if (typeof value === "string" && value.startsWith("@")) yield `${table} ${value.slice(1)}`
  if (typeof value !== "object" || value === null) return
  for (const [key, child] of Object.entries(value)) {
    if (key === "target" && typeof child === "string") yield `${table} ${child}`
    else yield* namesIn(child, table)
  }
}
