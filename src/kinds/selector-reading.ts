// A LabelSelector read into the form that is matched, with the API server's checks
// (apimachinery meta/v1/validation ValidateLabelSelector).

import { conforms, listIn, recordIn } from "../api/conforms.ts"
import { type LabelSelector, labelSelectorSchema, selectorExpressionSchema } from "../api/label-selector.ts"
import { type Place, root, shown, silent, tell, within } from "../api/report.ts"
import type { Requirement, Selector } from "../compile/selector.ts"
import type { Labels } from "../compile/snapshot.ts"
import { labelKeyMistake, labelValueMistake } from "./label-syntax.ts"

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number]

/**
 * Undefined where the selector, or a requirement of it, has no meaning. A key or value that no label can have
 * is reported and kept: it has one, and the API server lets old objects keep such values.
 */
export function readSelector(source: unknown, place: Place): Selector | undefined {
  const shaped = conforms(labelSelectorSchema, source, place)
  const requirements: Requirement[] = []
  const labels = recordIn(source, "matchLabels")
  for (const key in labels) {
    const value = labels[key]
    checkLabel(key, value, place, "matchLabels")
    if (typeof value === "string") requirements.push({ op: "in", key, values: new Set([value]) })
  }
  let readable = shaped
  for (const [i, expression] of listIn(source, "matchExpressions").entries()) {
    if (!conforms(selectorExpressionSchema, expression, root(silent))) continue
    const requirement = readExpression(expression, within(within(place, "matchExpressions"), i))
    if (requirement === undefined) readable = false
    else requirements.push(requirement)
  }
  return readable ? requirements : undefined
}

function readExpression(expression: Expression, place: Place): Requirement | undefined {
  const { key, operator, values = [] } = expression
  const keyMistake = labelKeyMistake(key)
  if (keyMistake !== undefined) tell(within(place, "key"), "labelKey", { value: shown(key), why: keyMistake })
  for (const [i, value] of values.entries()) {
    const why = labelValueMistake(value)
    if (why === undefined) continue
    tell(within(within(place, "values"), i), "labelValue", { value: shown(value), why })
  }
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) {
        tell(place, "selectorNeedsValues", { operator })
        return undefined
      }
      return { op: operator === "In" ? "in" : "not-in", key, values: new Set(values) }
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        tell(within(place, "values"), "selectorForbidsValues", { operator })
        return undefined
      }
      return { op: operator === "Exists" ? "exists" : "missing", key }
  }
}

/** The labels of an object, checked as the API server does; `place` is the object's, `field` theirs. */
export function checkLabels(labels: Labels, place: Place, field: string): void {
  for (const key in labels) checkLabel(key, labels[key], place, field)
}

function checkLabel(key: string, value: unknown, place: Place, field: string): void {
  const keyMistake = labelKeyMistake(key)
  if (keyMistake !== undefined) {
    tell(within(within(place, field), key), "labelKey", { value: shown(key), why: keyMistake }, "key")
  }
  const why = typeof value === "string" ? labelValueMistake(value) : undefined
  if (why !== undefined) tell(within(within(place, field), key), "labelValue", { value: shown(value), why })
}
