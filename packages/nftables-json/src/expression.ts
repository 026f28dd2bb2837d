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
