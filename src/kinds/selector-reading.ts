// A LabelSelector read into the form that is matched, with the API server's checks
// (apimachinery meta/v1/validation ValidateLabelSelector).

import { conforms, listIn, recordIn } from "../api/conforms.ts"
import type { FieldPath } from "../api/diagnostic.ts"
import { type LabelSelector, labelSelectorSchema, selectorExpressionSchema } from "../api/label-selector.ts"
import { type Report, shown, silent } from "../api/report.ts"
import type { Requirement, Selector } from "../compile/selector.ts"
import type { Labels } from "../compile/snapshot.ts"
import { labelKeyMistake, labelValueMistake } from "./label-syntax.ts"
import type { At } from "./reading.ts"

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number]

/**
 * Undefined where the selector, or a requirement of it, has no meaning. A key or value that no label can have
 * is reported and kept: it has one, and the API server lets old objects keep such values.
 */
export function readSelector(source: unknown, { report, at }: At): Selector | undefined {
  const shaped = conforms(labelSelectorSchema, source, { report, at })
  const requirements: Requirement[] = []
  for (const [key, value] of Object.entries(recordIn(source, "matchLabels"))) {
    checkKey(key, [...at, "matchLabels", key], report, "key")
    if (typeof value !== "string") continue
    checkValue(value, [...at, "matchLabels", key], report)
    requirements.push({ op: "in", key, values: new Set([value]) })
  }
  let readable = shaped
  for (const [i, expression] of listIn(source, "matchExpressions").entries()) {
    if (!conforms(selectorExpressionSchema, expression, { report: silent, at })) continue
    const requirement = readExpression(expression, [...at, "matchExpressions", i], report)
    if (requirement === undefined) readable = false
    else requirements.push(requirement)
  }
  return readable ? requirements : undefined
}

function readExpression(expression: Expression, at: FieldPath, report: Report): Requirement | undefined {
  const { key, operator, values = [] } = expression
  checkKey(key, [...at, "key"], report)
  for (const [i, value] of values.entries()) checkValue(value, [...at, "values", i], report)
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) {
        report("selectorNeedsValues", { operator }, at)
        return undefined
      }
      return { op: operator === "In" ? "in" : "not-in", key, values: new Set(values) }
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        report("selectorForbidsValues", { operator }, [...at, "values"])
        return undefined
      }
      return { op: operator === "Exists" ? "exists" : "missing", key }
  }
}

/** The labels of an object, checked as the API server does. */
export function checkLabels(labels: Labels, at: FieldPath, report: Report): void {
  for (const [key, value] of Object.entries(labels)) {
    checkKey(key, [...at, key], report, "key")
    checkValue(value, [...at, key], report)
  }
}

function checkKey(key: string, at: FieldPath, report: Report, pointsAt?: "key"): void {
  const why = labelKeyMistake(key)
  if (why !== undefined) report("labelKey", { value: shown(key), why }, at, pointsAt)
}

function checkValue(value: string, at: FieldPath, report: Report): void {
  const why = labelValueMistake(value)
  if (why !== undefined) report("labelValue", { value: shown(value), why }, at)
}
