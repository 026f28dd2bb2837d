// Findings for people: where, what, the line with a caret, what to do, and the sum.

import { type Diagnostic, objectText, type Severity } from "../api/diagnostic.ts"
import { formatDiagnostic } from "../manifests/format.ts"
import type { SourceLine } from "../manifests/read-manifests.ts"
import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import { count } from "./text-layout.ts"

export interface Findings {
  readonly findings: readonly Diagnostic[]
  readonly policies: number
  /** More warnings than these are bad news; undefined for any number. */
  readonly maxWarnings?: number | undefined
}

export function lintText(found: Findings, screen: Screen, sourceLine: SourceLine): string {
  const texts = found.findings.map((finding) => `${findingText(finding, screen, sourceLine)}\n`)
  return [...texts, `${sumText(found, screen.palette)}\n`].join("\n")
}

export function hasTooMany({ findings, maxWarnings }: Findings): boolean {
  return maxWarnings !== undefined && countOf(findings, "warning") > maxWarnings
}

export function countOf(findings: readonly Diagnostic[], severity: Severity): number {
  return findings.filter((each) => each.severity === severity).length
}

const inks = { error: "bad", warning: "warn", note: "dim" } as const satisfies Record<Severity, keyof Palette>

function findingText(finding: Diagnostic, { palette, columns }: Screen, sourceLine: SourceLine): string {
  const { object, position, severity, code } = finding
  const head = `${severity} ${code}`
  const text = formatDiagnostic(finding, sourceLine, columns).replace(head, () =>
    palette[inks[severity]](head),
  )
  if (object === undefined) return text
  const name = objectText(object)
  return position === undefined ? `${name}: ${text}` : text.replace("\n", () => `\n    in ${name}\n`)
}

function sumText(found: Findings, palette: Palette): string {
  const { findings, policies, maxWarnings } = found
  const sums = (["error", "warning", "note"] as const)
    .map((severity) => ({ severity, number: countOf(findings, severity) }))
    .filter(({ number }) => number > 0)
    .map(({ severity, number }) => palette[inks[severity]](count(number, severity)))
  const within = count(policies, "policy", "policies")
  if (policies === 0 && sums.length === 0) return "no policies: there was nothing to look at"
  if (sums.length === 0) return `${palette.good("✓")} nothing to say about ${within}`
  const limit = hasTooMany(found) ? `; --max-warnings allows ${maxWarnings}` : ""
  return `${sums.join(", ")} in ${within}${limit}; docs/diagnostics.md tells more about each code`
}
