// What postern observe and postern enforce have done, and what enforcing would drop.

import type { EnforcementReport, StatusReport } from "../api/status-report.ts"
import { isDenying } from "./next-steps.ts"
import type { Screen } from "./screen.ts"
import { count, padded, width } from "./text-layout.ts"

const MOST_LINES = 20

/** Failures one by one, the rest by number where there are many. */
export function enforcementText({ results }: EnforcementReport, { palette }: Screen): string {
  const failed = results.filter(({ ok }) => !ok)
  const good = results.filter(({ ok }) => ok)
  const shown = [...good.slice(0, MOST_LINES), ...failed]
  const subjects = Math.max(0, ...shown.map(({ subject }) => width(subject)))
  const lines = shown.map(({ subject, ok, message }) => {
    const mark = ok ? palette.good("✓") : palette.bad("✗")
    return `${mark} ${padded(subject, subjects)}  ${message}`
  })
  const left = good.length - Math.min(good.length, MOST_LINES)
  const more = left > 0 ? [`${palette.good("✓")} and ${left} more`] : []
  const bad = failed.length > 0 ? [palette.bad(`${failed.length} of ${results.length} failed`)] : []
  return `${[...lines, ...more, ...bad].join("\n")}\n`
}

export function wouldDropText(report: StatusReport | undefined, { palette }: Screen): string {
  const denying = (report?.policies ?? []).filter((line) => line.enforcement === "observe" && isDenying(line))
  if (denying.length === 0) return "Nothing that is observed was counted as denied so far.\n"
  const lines = denying.slice(0, MOST_LINES).map(({ namespace, name, denied }) => {
    const packets = count(denied.ingress + denied.egress, "packet")
    return `  ${namespace}/${name}: ${packets} would have been dropped`
  })
  const left = denying.length - lines.length
  return `${[palette.bold("While observing:"), ...lines, ...(left > 0 ? [`  and ${left} more policies`] : [])].join("\n")}\n`
}
