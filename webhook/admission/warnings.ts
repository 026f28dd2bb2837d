// All that an answer warns of, as kubectl prints it: the summary first, and never more than a screen of it.

import { impactWarnings, MOST_CHARACTERS, MOST_WARNINGS } from "../../src/analysis/impact-warnings.ts"
import { printable, shortenedTo } from "../../src/analysis/printable.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import { type Finding, warningText } from "./finding-text.ts"

/** Of the lines those that findings have at most, while others want them, too. */
const MOST_FINDINGS = 8

export function warningsOf(report: ImpactReport, findings: readonly Finding[]): readonly string[] {
  const [summary, ...details] = impactWarnings(report)
  const end = details.pop()
  const head = summary === undefined ? [] : [summary]
  const tail = end === undefined ? [] : [end]
  const room = MOST_WARNINGS - head.length - tail.length
  const told = findingLines(findings, Math.max(MOST_FINDINGS, room - details.length))
  return distinct([...head, ...told, ...details.slice(0, room - told.length), ...tail])
}

/** Where there is no report: what is known of the object alone, and why there is no more. */
export function warningsWithout(reason: string, findings: readonly Finding[]): readonly string[] {
  const skipped =
    reason === "" ? [] : [shortenedTo(printable(`analysis skipped: ${reason}`), MOST_CHARACTERS)]
  return distinct([...skipped, ...findingLines(findings, MOST_WARNINGS - skipped.length)])
}

function findingLines(findings: readonly Finding[], most: number): readonly string[] {
  const lines = distinct(findings.map((each) => warningText(each, MOST_CHARACTERS)))
  if (lines.length <= most) return lines
  return [...lines.slice(0, most - 1), `and ${lines.length - most + 1} more findings`]
}

/** The API server says nothing twice. */
function distinct(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)]
}
