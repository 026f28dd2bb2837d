// Findings as JSON: docs/schemas/lint.json.

import { codes } from "../api/codes.ts"
import { type Diagnostic, fieldPathText } from "../api/diagnostic.ts"
import type { LintFinding, LintReport } from "../api/lint-report.ts"
import { countOf, type Findings } from "./lint-text.ts"

export function lintReport({ findings, policies }: Findings): LintReport {
  return {
    policies,
    errors: countOf(findings, "error"),
    warnings: countOf(findings, "warning"),
    notes: countOf(findings, "note"),
    findings: findings.map(findingJson),
  }
}

const remedies: ReadonlyMap<string, string> = new Map(
  Object.values(codes).map(({ code, remedy }) => [code, remedy]),
)

function findingJson({ code, severity, message, object, path = [], position }: Diagnostic): LintFinding {
  return {
    code,
    severity,
    message,
    help: remedies.get(code) ?? "",
    object: object ?? null,
    path: fieldPathText(path),
    file: position?.file ?? null,
    line: position?.line ?? null,
    column: position?.column ?? null,
  }
}
