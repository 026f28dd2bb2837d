// The sets, maps and chains that a rule's names mean: those of its own table.

import type { Value } from "./constant.ts"
import { readConstant } from "./constant.ts"
import { type DataType, dataType } from "./data-type.ts"
import { EvaluationError } from "./evaluation-error.ts"
import { isList, isMapElement, referencedSet } from "./expression.ts"
import { buildLookup, type Lookup } from "./lookup.ts"
import type {
  Element,
  Expression,
  Family,
  MapElement,
  NamedLimit,
  NftMap,
  NftSet,
  Statement,
  Verdict,
} from "./schema.ts"

export interface Scope {
  readonly family: Family
  readonly table: string
  readonly chain: string
  /** A set by "@name", or an anonymous one whose elements are of `types`. */
  set(expression: Expression, types: readonly DataType[]): Named<true>
  valueMap(expression: Expression, key: MapTypes): Named<Value> & { readonly type: DataType }
  verdictMap(expression: Expression, types: readonly DataType[]): Named<Verdict>
  limit(name: string): NamedLimit
}

export interface Named<T> {
  /** "@name", or "" for an anonymous set. */
  readonly name: string
  readonly lookup: Lookup<T>
}

export interface MapTypes {
  readonly types: readonly DataType[]
  readonly wanted: DataType | undefined
}

/** The named objects of one table. */
export interface TableObjects {
  readonly family: Family
  readonly name: string
  readonly sets: ReadonlyMap<string, NftSet | NftMap>
  /** What separate `element` objects of the ruleset add, by set. */
  readonly elements: ReadonlyMap<string, readonly (Element | MapElement)[]>
  readonly limits: ReadonlyMap<string, NamedLimit>
}

/** Lookups of named sets are built when first asked for, once for all rules. */
export class TableScope {
  readonly objects: TableObjects
  readonly #sets = new Map<string, Lookup<true>>()
  readonly #verdicts = new Map<string, Lookup<Verdict>>()
  readonly #values = new Map<string, Lookup<Value>>()

  constructor(objects: TableObjects) {
    this.objects = objects
  }

  inChain(chain: string): Scope {
    return {
      family: this.objects.family,
      table: this.objects.name,
      chain,
      set: (expression, types) => this.#set(expression, types),
      valueMap: (expression, key) => this.#valueMap(expression, key),
      verdictMap: (expression, types) => this.#verdictMap(expression, types),
      limit: (name) => found(this.objects.limits.get(name), `limit ${name}`),
    }
  }

  #set(expression: Expression, types: readonly DataType[]): Named<true> {
    const name = referencedSet(expression)
    if (name === undefined) return { name: "", lookup: buildLookup(types, setEntries(anonymous(expression))) }
    const build = () => buildLookup(this.#typesOf(name), setEntries(this.#elements(name)))
    return { name: `@${name}`, lookup: lazily(this.#sets, name, build) }
  }

  #verdictMap(expression: Expression, types: readonly DataType[]): Named<Verdict> {
    const name = referencedSet(expression)
    if (name === undefined) {
      return { name: "", lookup: buildLookup(types, verdictEntries(anonymous(expression))) }
    }
    const build = () => buildLookup(this.#typesOf(name), verdictEntries(this.#elements(name)))
    return { name: `@${name}`, lookup: lazily(this.#verdicts, name, build) }
  }

  #valueMap(expression: Expression, key: MapTypes): Named<Value> & { readonly type: DataType } {
    const name = referencedSet(expression)
    if (name === undefined) {
      if (key.wanted === undefined) throw new EvaluationError("an anonymous map has no type here")
      const entries = valueEntries(anonymous(expression), key.wanted)
      return { name: "", type: key.wanted, lookup: buildLookup(key.types, entries) }
    }
    const object = this.#object(name)
    if (!("map" in object)) throw new EvaluationError(`@${name} is no map`)
    const type = dataType(object.map)
    const build = () => buildLookup(this.#typesOf(name), valueEntries(this.#elements(name), type))
    return { name: `@${name}`, type, lookup: lazily(this.#values, name, build) }
  }

  #object(name: string): NftSet | NftMap {
    return found(this.objects.sets.get(name), `set @${name}`)
  }

  #typesOf(name: string): readonly DataType[] {
    const { type } = this.#object(name)
    return (typeof type === "string" ? [type] : type).map(dataType)
  }

  #elements(name: string): readonly (Element | MapElement)[] {
    return [...(this.#object(name).elem ?? []), ...(this.objects.elements.get(name) ?? [])]
  }
}

function lazily<T>(lookups: Map<string, Lookup<T>>, name: string, build: () => Lookup<T>): Lookup<T> {
  let own: Lookup<T> | undefined
  return (key) => {
    if (own === undefined) {
      own = lookups.get(name) ?? build()
      lookups.set(name, own)
    }
    return own(key)
  }
}

function anonymous(expression: Expression): readonly (Element | MapElement)[] {
  if (typeof expression !== "object" || isList(expression) || !("set" in expression)) {
    throw new EvaluationError(`${JSON.stringify(expression)} is no set`)
  }
  return isElements(expression.set) ? expression.set : [expression.set]
}

function isElements(set: unknown): set is readonly (Element | MapElement)[] {
  return Array.isArray(set)
}

function* setEntries(elements: readonly (Element | MapElement)[]): Generator<readonly [Expression, true]> {
  for (const element of elements) {
    if (isMapElement(element)) throw new EvaluationError("a map stands where a set is looked up")
    yield [element, true]
  }
}

function* verdictEntries(
  elements: readonly (Element | MapElement)[],
): Generator<readonly [Expression, Verdict]> {
  for (const [key, data] of pairs(elements)) {
    if (!isVerdict(data)) throw new EvaluationError(`${JSON.stringify(data)} is no verdict`)
    yield [key, data]
  }
}

function* valueEntries(
  elements: readonly (Element | MapElement)[],
  type: DataType,
): Generator<readonly [Expression, Value]> {
  for (const [key, data] of pairs(elements)) {
    if (isVerdict(data)) throw new EvaluationError("a verdict stands where a value is looked up")
    yield [key, readConstant(type, data)]
  }
}

function* pairs(elements: readonly (Element | MapElement)[]): Generator<MapElement> {
  for (const element of elements) {
    if (!isMapElement(element)) throw new EvaluationError("a set stands where a map is looked up")
    yield element
  }
}

const VERDICTS: ReadonlySet<string> = new Set(["accept", "drop", "continue", "return", "jump", "goto"])

export function isVerdict(data: Expression | Statement): data is Verdict {
  return typeof data === "object" && Object.keys(data).some((key) => VERDICTS.has(key))
}

function found<T>(object: T | undefined, what: string): T {
  if (object === undefined) throw new EvaluationError(`there is no ${what}`)
  return object
}
