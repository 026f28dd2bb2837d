// What somebody does not want to be told: an annotation on the object names the codes.

import { codes } from "../../api/codes.ts"
import type { Diagnostic } from "../../api/diagnostic.ts"
import { collector, shown } from "../../api/report.ts"
import { suggestion } from "../../api/suggestion.ts"
import type { PolicyObject } from "../../compile/snapshot.ts"

const IGNORE_ANNOTATION = "postern.dev/ignore"

/** Without the warnings and notes that the object's annotation names. */
export function withoutIgnored(
  policy: Pick<PolicyObject, "metadata">,
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  const ignored = ignoredBy(policy)
  if (ignored.length === 0) return diagnostics
  return diagnostics.filter(({ code, severity }) => severity === "error" || !ignored.includes(code))
}

/** What is wrong with the annotation itself. */
export function ignoreMistakes(policy: Pick<PolicyObject, "metadata">): readonly Diagnostic[] {
  const { report, diagnostics } = collector()
  const path = ["metadata", "annotations", IGNORE_ANNOTATION]
  for (const code of ignoredBy(policy)) {
    const mistake = ignoreMistake(code)
    if (mistake === "unknown") report("unknownIgnore", { value: shown(code), near: nearCode(code) }, path)
    if (mistake === "error") report("ignoredError", { value: shown(code) }, path)
  }
  return diagnostics
}

function ignoredBy({ metadata }: Pick<PolicyObject, "metadata">): readonly string[] {
  const { annotations = {} } = metadata
  return Object.hasOwn(annotations, IGNORE_ANNOTATION) ? codesIn(annotations[IGNORE_ANNOTATION] ?? "") : []
}

/** "PNP0421, PNP0433": commas or spaces between them. */
function codesIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((code) => code !== "")
}

const severities: ReadonlyMap<string, string> = new Map(
  Object.values(codes).map(({ code, severity }) => [code, severity]),
)

/** Undefined for a code that can be ignored; otherwise why not. */
export function ignoreMistake(code: string): "unknown" | "error" | undefined {
  const severity = severities.get(code)
  if (severity === undefined) return "unknown"
  return severity === "error" ? "error" : undefined
}

export function nearCode(code: string): string {
  // Numbers differ on purpose: only a neighbour of the same hundred may be a slip.
  return suggestion(
    code,
    [...severities.keys()].filter((each) => each.startsWith(code.slice(0, 5))),
  )
}
