// A label selector, read once and then matched many times.
//
// The API server's semantics (apimachinery labels.Selector): requirements are ANDed, a missing key
// satisfies NotIn and DoesNotExist, and a selector without requirements selects everything.

import type { Labels } from "./snapshot.ts"

export type Selector = readonly Requirement[]
export type Requirement =
  | { readonly op: "exists" | "missing"; readonly key: string }
  | { readonly op: "in" | "not-in"; readonly key: string; readonly values: ReadonlySet<string> }

/** The value of a label, or undefined; inherited properties are not labels. */
export function labelValue(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

export function selects(selector: Selector, labels: Labels): boolean {
  for (const requirement of selector) {
    if (!holds(requirement, labelValue(labels, requirement.key))) return false
  }
  return true
}

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.op) {
    case "exists":
      return value !== undefined
    case "missing":
      return value === undefined
    case "in":
      return value !== undefined && requirement.values.has(value)
    case "not-in":
      return value === undefined || !requirement.values.has(value)
  }
}
