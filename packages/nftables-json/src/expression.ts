// Small questions about an expression that types alone do not answer.

import type { Element, Expression, MapElement } from "./schema.ts"

/** A list of flags; everything else that is an object has one key. */
export function isList(expression: Expression): expression is readonly Expression[] {
  return Array.isArray(expression)
}

/** "@name": a set or map of the same table. */
export function referencedSet(expression: Expression): string | undefined {
  return typeof expression === "string" && expression.startsWith("@") ? expression.slice(1) : undefined
}

/** Elements of a map are pairs; a set's element is never a list. */
export function isMapElement(element: Element | MapElement): element is MapElement {
  return Array.isArray(element)
}

export function isSetElement(element: Element | MapElement): element is Element {
  return !Array.isArray(element)
}

/** JSON with sorted keys: equal text, equal value. */
export function stableText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join()}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  const fields = entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${stableText(field)}`)
  return `{${fields.join()}}`
}

/**
 * Whether an anonymous set with intervals is inside: nft 1.0.6 aborts when a rule with one is replaced
 * ("BUG: unhandled op 2", evaluate.c, interval_set_eval).
 */
export function hasAnonymousIntervals(value: unknown, isInSet = false): boolean {
  if (Array.isArray(value)) return value.some((each) => hasAnonymousIntervals(each, isInSet))
  if (typeof value !== "object" || value === null) return false
  return Object.entries(value).some(([field, inner]: [string, unknown]) => {
    if (isInSet && (field === "range" || field === "prefix")) return true
    return hasAnonymousIntervals(inner, isInSet || (field === "set" && Array.isArray(inner)))
  })
}
