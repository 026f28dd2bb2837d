// Why a selector does not hold, and whether by so little that somebody mistyped.

import { closest } from "../api/suggestion.ts"
import type { Labels } from "../compile/snapshot.ts"
import { type LabelRequirement, requirements, unmetRequirements } from "./labels.ts"

export interface Miss {
  /** "has role=fronted, wanted role=frontend". */
  readonly text: string
  /** Every requirement fails by what looks like a mistake. */
  readonly near: boolean
}

/** Nobody mistypes more labels than so many at once; selectors may have thousands. */
const MOST_TOLD = 20

/** Null where the selector holds. */
export function selectorMiss(selector: unknown, labels: Labels): Miss | null {
  const unmet = unmetRequirements(selector, labels)
  const misses = unmet.slice(0, MOST_TOLD).map((requirement) => requirementMiss(requirement, labels))
  if (misses.length === 0) return null
  const more = unmet.length - misses.length
  const texts = [...misses.map((miss) => miss.text), ...(more > 0 ? [`and ${more} more`] : [])]
  return { text: texts.join(", "), near: more === 0 && misses.every((miss) => miss.near) }
}

export function selectorText(selector: unknown): string {
  const all = requirements(selector)
  return all.length === 0 ? "every label set" : all.map(requirementText).join(", ")
}

/** kubectl's notation: key=value, key in (a, b), !key. */
function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "In":
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(", ")})`
    case "NotIn":
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(", ")})`
    case "Exists":
      return key
    case "DoesNotExist":
      return `!${key}`
    default:
      return `${key} ${operator} (${values.join(", ")})`
  }
}

/** Differs by case, or by a letter or two. Numbers in names differ on purpose: app-1 is not a typo of app-2. */
function looksMistyped(written: string, meant: string): boolean {
  if (written === meant) return false
  if (written.toLowerCase() === meant.toLowerCase()) return true
  if (written.replaceAll(/\d/g, "") === meant.replaceAll(/\d/g, "")) return false
  return closest(written, [meant]) !== undefined
}

function requirementMiss(requirement: LabelRequirement, labels: Labels): Miss {
  const wanted = `wanted ${requirementText(requirement)}`
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined
  if (value !== undefined) {
    const near =
      requirement.operator === "In" && requirement.values.some((each) => looksMistyped(value, each))
    return { text: `has ${requirement.key}=${value}, ${wanted}`, near }
  }
  const lookalike = Object.entries(labels).find(([key, other]) => isLookalike(requirement, key, other))
  if (lookalike === undefined) return { text: `has no label ${requirement.key}, ${wanted}`, near: false }
  return { text: `has ${lookalike[0]}=${lookalike[1]}, ${wanted}`, near: true }
}

/** The key is mistyped, or the value stands under another key. */
function isLookalike({ key, operator, values }: LabelRequirement, otherKey: string, other: string): boolean {
  const keyIsNear = looksMistyped(otherKey, key) || lastSegment(otherKey) === lastSegment(key)
  if (operator === "Exists") return keyIsNear
  return (
    operator === "In" &&
    (values.includes(other) || (keyIsNear && values.some((each) => looksMistyped(other, each))))
  )
}

/** app.kubernetes.io/name and name are easily taken for each other. */
function lastSegment(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1)
}
