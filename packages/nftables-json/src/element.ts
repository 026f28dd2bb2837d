// Elements of sets and maps in the form in which nft prints them, and the key by which they are found.
//
// Hash sets are sorted by key text; interval sets by address. Adjacent intervals stay apart, as in nft,
// unless the set has auto-merge or is anonymous.

import { canonicalValue, type DataType, dataType } from "./data-type.ts"
import { isList, isMapElement, stableText } from "./expression.ts"
import { canonicalInterval, type Interval, mergeIntervals, readInterval, writeInterval } from "./interval.ts"
import type { Element, ElementAttributes, Expression, MapElement, NftMap, NftSet, Verdict } from "./schema.ts"

/** What of a set's definition decides how its elements are read. */
export interface ElementForm {
  readonly types: readonly DataType[]
  /** Types of a map's value; undefined for sets and verdict maps. */
  readonly values: readonly DataType[] | undefined
  readonly isInterval: boolean
  readonly merges: boolean
  /** Elements carry the set's own statements (a counter), which say nothing about the element. */
  readonly hasStatements: boolean
}

export interface CanonicalElement {
  readonly key: string
  /** Value and attributes; "" where there are none. Equal text, equal element. */
  readonly value: string
  readonly element: Element | MapElement
  /** As it was written. Hosts without /etc/protocols read the numbers only, so names are not put in their place. */
  readonly source: Element | MapElement
  /** Of an interval set with one component. */
  readonly interval: Interval | undefined
}

export function elementForm(set: NftSet | NftMap): ElementForm {
  const value = "map" in set ? set.map : undefined
  return {
    types: typeNames(set.type).map(dataType),
    values: value === undefined || value === "verdict" ? undefined : typeNames(value).map(dataType),
    isInterval: set.flags?.includes("interval") ?? false,
    merges: set["auto-merge"] ?? false,
    hasStatements: set.stmt !== undefined,
  }
}

/** Canonical, sorted, without duplicates. */
export function canonicalElements(
  form: ElementForm,
  elements: Iterable<Element | MapElement>,
): readonly CanonicalElement[] {
  const seen = new Map<string, CanonicalElement>()
  for (const each of elements) {
    const element = canonicalElement(form, each)
    // A key with two values is kept twice: nft refuses it, and nobody else should decide which one is meant.
    seen.set(element.value === "" ? element.key : `${element.key}\n${element.value}`, element)
  }
  const sorted = [...seen.values()].toSorted(compareElements)
  return form.merges ? mergeElements(form, sorted) : sorted
}

export function canonicalElement(form: ElementForm, element: Element | MapElement): CanonicalElement {
  const { val, ...attributes } = attributesOf(isMapElement(element) ? element[0] : element)
  const expression = canonicalKey(form, val)
  const kept = keepAttributes(attributes, form.hasStatements)
  const key = kept === undefined ? expression : { elem: { val: expression, ...kept } }
  const [type] = form.types
  const interval =
    form.isInterval && form.types.length === 1 && type !== undefined
      ? readInterval(type, expression)
      : undefined
  const text = kept === undefined ? "" : stableText(kept)
  if (!isMapElement(element))
    return { key: keyText(expression), value: text, element: key, source: element, interval }
  const value = canonicalMapValue(form, element[1])
  const whole = stableText(value) + text
  return { key: keyText(expression), value: whole, element: [key, value], source: element, interval }
}

/** Text of a canonical key, pleasant to read in messages. */
export function keyText(expression: Expression): string {
  if (typeof expression !== "object") return String(expression)
  if (isList(expression)) return expression.map(keyText).join(",")
  if ("concat" in expression) return expression.concat.map(keyText).join(" . ")
  if ("prefix" in expression) return `${keyText(expression.prefix.addr)}/${expression.prefix.len}`
  if ("range" in expression) return expression.range.map(keyText).join("-")
  return stableText(expression)
}

export function compareElements(a: CanonicalElement, b: CanonicalElement): number {
  if (a.interval !== undefined && b.interval !== undefined && a.interval.from !== b.interval.from) {
    return a.interval.from < b.interval.from ? -1 : 1
  }
  if (typeof a.element === "number" && typeof b.element === "number") return a.element - b.element
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  if (a.value === b.value) return 0
  return a.value < b.value ? -1 : 1
}

/** `type` of a set in every form: one name, a concatenation, or what a newer nft writes for typeof. */
function typeNames(type: string | readonly string[]): readonly string[] {
  if (typeof type === "string") return [type]
  return isNames(type) ? type : ["text"]
}

function isNames(type: unknown): type is readonly string[] {
  return Array.isArray(type)
}

function attributesOf(element: Element): ElementAttributes {
  return typeof element === "object" && "elem" in element ? element.elem : { val: element }
}

/** `expires` and counter values change by themselves and are no part of what is configured. */
function keepAttributes(
  attributes: Omit<ElementAttributes, "val">,
  hasStatements: boolean,
): Omit<ElementAttributes, "val"> | undefined {
  const { expires: _, counter, ...rest } = attributes
  const kept = counter === undefined || hasStatements ? rest : { ...rest, counter: null }
  return Object.values(kept).every((value) => value === undefined) ? undefined : kept
}

function canonicalKey(form: ElementForm, key: Expression): Expression {
  const [type] = form.types
  if (typeof key === "object" && !isList(key) && "concat" in key) {
    return {
      concat: key.concat.map((part, i) => canonicalInterval(form.types[i] ?? dataType("text"), part)),
    }
  }
  if (type === undefined || form.types.length > 1) return key
  return form.isInterval ? canonicalInterval(type, key) : canonicalValue(type, key)
}

function canonicalMapValue(form: ElementForm, value: Expression | Verdict): Expression | Verdict {
  if (form.values === undefined || isVerdict(value)) return value
  const [type] = form.values
  return type === undefined || form.values.length > 1 ? value : canonicalValue(type, value)
}

function isVerdict(value: Expression | Verdict): value is Verdict {
  return typeof value === "object" && VERDICTS.some((verdict) => verdict in value)
}

const VERDICTS = ["accept", "drop", "continue", "return", "jump", "goto"] as const

/** Elements with attributes keep theirs and stay apart; nft merges plain ones only. */
function mergeElements(
  form: ElementForm,
  elements: readonly CanonicalElement[],
): readonly CanonicalElement[] {
  const [type] = form.types
  const isPlain = (each: CanonicalElement) => each.value === "" && each.interval !== undefined
  if (type === undefined || form.values !== undefined) return elements
  const intervals = elements.filter(isPlain).flatMap((each) => each.interval ?? [])
  const merged = mergeIntervals(intervals).map((interval): CanonicalElement => {
    const element = writeInterval(type, interval)
    return { key: keyText(element), value: "", element, source: element, interval }
  })
  return [...merged, ...elements.filter((each) => !isPlain(each))].toSorted(compareElements)
}
