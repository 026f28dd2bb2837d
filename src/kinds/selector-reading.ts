// A LabelSelector read into the form that is matched, with the API server's checks
// (apimachinery meta/v1/validation ValidateLabelSelector).

import type { FieldPath } from "../api/diagnostic.ts"
import type { LabelSelector } from "../api/label-selector.ts"
import { type Report, shown } from "../api/report.ts"
import type { Requirement, Selector } from "../compile/selector.ts"
import { labelKeyMistake, labelValueMistake } from "./label-syntax.ts"

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number]

/**
 * Undefined where a requirement has no meaning. A key or value that no label can have is reported and kept:
 * it has one, and the API server lets old objects keep such values.
 */
export function readSelector(source: LabelSelector, at: FieldPath, report: Report): Selector | undefined {
  const requirements: Requirement[] = []
  for (const [key, value] of Object.entries(source.matchLabels ?? {})) {
    checkKey(key, [...at, "matchLabels", key], report)
    checkValue(value, [...at, "matchLabels", key], report)
    requirements.push({ op: "in", key, values: new Set([value]) })
  }
  let readable = true
  for (const [i, expression] of (source.matchExpressions ?? []).entries()) {
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

function checkKey(key: string, at: FieldPath, report: Report): void {
  const why = labelKeyMistake(key)
  if (why !== undefined) report("labelKey", { value: shown(key), why }, at)
}

function checkValue(value: string, at: FieldPath, report: Report): void {
  const why = labelValueMistake(value)
  if (why !== undefined) report("labelValue", { value: shown(value), why }, at)
}
