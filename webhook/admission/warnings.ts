// All that an answer warns of, as kubectl prints it: the summary first, and never more than a screen of it.

import { impactWarnings, MOST_CHARACTERS, MOST_WARNINGS } from "../../src/analysis/impact/warnings.ts"
import { printable, shortenedTo } from "../../src/analysis/printable.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import { type Finding, warningLines } from "./finding-text.ts"

/** Of the lines those that findings have at most, while others want them, too. */
const MOST_FINDINGS = 8

export function warningsOf(report: ImpactReport, findings: readonly Finding[]): readonly string[] {
  const room = MOST_WARNINGS - impactWarnings(report).length
  const told = findingLines(findings, Math.max(MOST_FINDINGS, room))
  const [summary, ...details] = impactWarnings(report, MOST_WARNINGS - told.length)
  return distinct([...(summary === undefined ? [] : [summary]), ...told, ...details])
}

/** Where there is no report: what is known of the object alone, and why there is no more. */
export function warningsWithout(reason: string, findings: readonly Finding[]): readonly string[] {
  const skipped =
    reason === "" ? [] : [shortenedTo(printable(`analysis skipped: ${reason}`), MOST_CHARACTERS)]
  return distinct([...skipped, ...findingLines(findings, MOST_WARNINGS - skipped.length)])
}

/** Whole findings, as many as there is room for; a line says how many there are besides. */
function findingLines(findings: readonly Finding[], most: number): readonly string[] {
  const lines: string[] = []
  const all = findings.map((each) => warningLines(each, MOST_CHARACTERS))
  const told = [...new Map(all.map((each) => [each.join(), each])).values()]
  for (const [i, each] of told.entries()) {
    const isLast = i === told.length - 1
    if (lines.length + each.length > most - (isLast ? 0 : 1)) return [...lines, moreText(told.length - i)]
    lines.push(...each)
  }
  return lines
}

function moreText(count: number): string {
  // Of very many not all have come this far.
  if (count > 1000) return "and more than 1000 more findings"
  return count === 1 ? "and 1 more finding" : `and ${count} more findings`
}

/** The API server says nothing twice. */
function distinct(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)]
}
