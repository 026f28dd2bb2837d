// A report as admission warnings: what kubectl prints after "Warning: ".
//
// The API server cuts a warning at 256 characters where they are more than 4,096 altogether, and drops one with
// control characters (apiserver/pkg/endpoints/filters/warning.go); long lines are hard to read anyhow.

import type { ImpactEnd, ImpactReport } from "../api/impact-report.ts"
import { counted, impactSummary } from "./impact-summary.ts"
import { charactersIn, printable, shortenedTo } from "./printable.ts"

export const MOST_WARNINGS = 20
export const MOST_CHARACTERS = 120

type ConnectionChange = ImpactReport["appearing"]["listed"][number]
type Isolation = ImpactReport["isolated"]["ingress"]

/** The summary first, then what matters most, and where the rest is. Nothing where nothing changes. */
export function impactWarnings(report: ImpactReport): readonly string[] {
  if (isQuiet(report)) return []
  const head = [impactSummary(report), ...caveats(report)]
  const end = `for all of it: postern report ${report.key}`
  const details = detailLines(report, MOST_WARNINGS - head.length - 1)
  return [...head, ...details, end].map((line) => shortenedTo(printable(line), MOST_CHARACTERS))
}

/** What appears has a few of the lines, however much disappears. */
function detailLines(report: ImpactReport, most: number): readonly string[] {
  const first = [...isolationLines(report), ...report.assertions.slice(0, 4).map(assertionLine)]
  const left = most - first.length
  const { appearing, disappearing } = report
  const appear = Math.min(appearing.listed.length, Math.max(3, left - disappearing.listed.length))
  return [
    ...first,
    ...disappearing.listed.slice(0, left - appear).map((each) => connectionLine("lost", each)),
    ...appearing.listed.slice(0, appear).map((each) => connectionLine("new", each)),
  ]
}

function assertionLine({ assertion, text }: ImpactReport["assertions"][number]): string {
  return `fails then: ConnectivityAssertion ${assertion.namespace}/${assertion.name}: ${text}`
}

function isolationLines({ isolated, released }: ImpactReport): readonly string[] {
  return [
    ...workloadLine("ingress-isolated then: ", isolated.ingress.workloads),
    ...workloadLine("egress-isolated then: ", isolated.egress.workloads),
    ...workloadLine("no longer ingress-isolated: ", released.ingress.workloads),
    ...workloadLine("no longer egress-isolated: ", released.egress.workloads),
  ]
}

/** As many as there is room for, and how many more. */
function workloadLine(start: string, workloads: Isolation["workloads"]): readonly string[] {
  if (workloads.length === 0) return []
  let line = start
  for (const [i, workload] of workloads.entries()) {
    const name = `${i === 0 ? "" : ", "}${endText(workload)}`
    const rest = workloads.length - i - 1
    const more = rest === 0 ? "" : `, and ${counted(rest, "workload")} more`
    if (i > 0 && charactersIn(line + name + more) > MOST_CHARACTERS)
      return [`${line}, and ${counted(rest + 1, "workload")} more`]
    line += i === 0 ? shortenedTo(name, MOST_CHARACTERS - charactersIn(start + more)) : name
  }
  return [line]
}

/** Where the line is too long each end has half of the room at least. */
function connectionLine(what: "lost" | "new", change: ConnectionChange): string {
  const { before, after, changed, dns } = change
  const other = what === "lost" ? after : before
  const stays = other === "" ? "" : ` (${what === "lost" ? "left" : "before"}: ${shortenedTo(other, 24)})`
  const start = `${what}${dns ? " (DNS)" : ""}: ${shortenedTo(changed, 30)} from `
  const room = MOST_CHARACTERS - charactersIn(`${start} to ${stays}`)
  const half = Math.floor(room / 2)
  const source = fittedEnd(change.source, Math.max(half, room - charactersIn(endText(change.destination))))
  const destination = fittedEnd(change.destination, room - charactersIn(source))
  return `${start}${source} to ${destination}${stays}`
}

/** The kind goes first, then the ends of the namespace and of the name. */
function fittedEnd(end: ImpactEnd, room: number): string {
  const whole = endText(end)
  if (charactersIn(whole) <= room || "range" in end) return shortenedTo(whole, room)
  const namespace = shortenedTo(
    end.namespace,
    Math.max(Math.floor(room / 3), room - 1 - charactersIn(end.name)),
  )
  return `${namespace}/${shortenedTo(end.name, room - 1 - charactersIn(namespace))}`
}

function endText(end: ImpactEnd): string {
  return "range" in end ? end.range : `${end.namespace}/${end.name}[${end.kind}]`
}

function isQuiet({
  complete,
  appearing,
  disappearing,
  isolated,
  released,
  nodes,
  hidden,
}: ImpactReport): boolean {
  const pods = [isolated, released].flatMap((each) => [each.ingress.pods, each.egress.pods])
  const counts = [appearing.pairs, disappearing.pairs, nodes.length, hidden.nodes, hidden.assertions, ...pods]
  return complete && counts.every((each) => each === 0)
}

function caveats({ complete, enforcement, disappearing, hidden }: ImpactReport): readonly string[] {
  const untold = [
    ...(hidden.pairs > 0 ? [counted(hidden.pairs, "connection")] : []),
    ...(hidden.assertions > 0 ? [counted(hidden.assertions, "failing assertion")] : []),
  ]
  return [
    ...(complete ? [] : ["the time allowed was not enough for all of it: counts are lower bounds"]),
    ...(enforcement === "observe" ? ["observed, not enforced: what disappears is only counted for now"] : []),
    ...(enforcement === "enforce" && disappearing.observed > 0
      ? [
          `${counted(disappearing.observed, "connection")} of these only counted for now: the namespace is observed`,
        ]
      : []),
    ...(untold.length > 0 ? [`${untold.join(" and ")} not named: you may not list pods there`] : []),
  ]
}
