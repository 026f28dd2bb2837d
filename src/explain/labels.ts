// LabelSelectors, matched as they are written.
//
// apimachinery metav1.LabelSelectorAsSelector: requirements are ANDed, no requirement selects everything,
// NotIn and DoesNotExist hold where the key is missing. What cannot be read selects nothing.

import type { Labels } from "../compile/snapshot.ts"
import { entries, field, items, text } from "./raw.ts"

export interface LabelRequirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

export function selectorHolds(selector: unknown, labels: Labels): boolean {
  return unmetRequirements(selector, labels).length === 0
}

/** The requirements that keep `selector` from holding. */
export function unmetRequirements(selector: unknown, labels: Labels): readonly LabelRequirement[] {
  return requirements(selector).filter((requirement) => !requirementHolds(requirement, labels))
}

export function requirements(selector: unknown): readonly LabelRequirement[] {
  return [
    ...entries(field(selector, "matchLabels")).map(([key, value]) => ({
      key,
      operator: "In",
      values: [text(value)],
    })),
    ...items(field(selector, "matchExpressions")).map((expression) => ({
      key: text(field(expression, "key")),
      operator: text(field(expression, "operator")),
      values: items(field(expression, "values")).map(text),
    })),
  ]
}

function requirementHolds(requirement: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value)
    case "NotIn":
      return value === undefined || !requirement.values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
    default:
      return false
  }
}
