// A report as admission warnings: what kubectl prints after "Warning: ".
//
// The API server cuts a warning at 256 characters where they are more than 4,096 altogether, and drops one with
// control characters (apiserver/pkg/endpoints/filters/warning.go); long lines are hard to read anyhow.

import type { ImpactReport } from "../../api/impact-report.ts"
import { changedText, impactEndText } from "../connection-groups.ts"
import { charactersIn, printable, shortenedTo } from "../printable.ts"
import { type ConnectionBlock, connectionBlocks, isWhole } from "./connection-blocks.ts"
import { counted, impactSummary } from "./summary.ts"
import { fittedEnds } from "./warning-ends.ts"

export const MOST_WARNINGS = 20
export const MOST_CHARACTERS = 120

type Isolations = ImpactReport["isolated"]

/** The summary first, then what matters most, and where the rest is. Nothing where nothing changes. */
export function impactWarnings(report: ImpactReport, most = MOST_WARNINGS): readonly string[] {
  if (isQuiet(report)) return []
  const head = [impactSummary(report), ...caveats(report)]
  const end = `for all of it: postern report ${report.key}`
  const details = detailLines(report, most - head.length - 1)
  return [...head, ...details, end].map((line) => shortenedTo(printable(line), MOST_CHARACTERS))
}

/** What appears has a few of the lines, however much disappears. */
function detailLines(report: ImpactReport, most: number): readonly string[] {
  const first = [...isolationLines(report), ...report.assertions.slice(0, 4).map(assertionLine)].slice(
    0,
    most,
  )
  const left = most - first.length
  const few = connectionLines("new", report, Math.min(3, left))
  const lost = connectionLines("lost", report, left - few.length)
  return [...first, ...lost, ...connectionLines("new", report, left - lost.length)]
}

/** The last line counts what is not told in the others. */
function connectionLines(what: "lost" | "new", report: ImpactReport, most: number): readonly string[] {
  const { pairs, listed } = what === "lost" ? report.disappearing : report.appearing
  if (listed.length === 0 || most <= 0) return []
  const isCut = report.hidden.pairs === 0 && listed.length < pairs
  const blocks = connectionBlocks(listed, isCut ? most - 1 : most)
  if (!isCut && blocks.length <= most) return blocks.map((each) => connectionLine(what, each))
  const told = blocks.slice(0, most - 1)
  const rest = pairs - told.reduce((sum, each) => sum + each.pairs, 0)
  return [
    ...told.map((each) => connectionLine(what, each)),
    `${what}: ${counted(rest, "connection")}${told.length === 0 ? "" : " more"}`,
  ]
}

function assertionLine({ assertion, text }: ImpactReport["assertions"][number]): string {
  return `fails then: ConnectivityAssertion ${assertion.namespace}/${assertion.name}: ${text}`
}

function isolationLines({ isolated, released }: ImpactReport): readonly string[] {
  return [...directionLines(isolated, ["", " then"]), ...directionLines(released, ["no longer ", ""])]
}

/** Both directions in one line where they have the same workloads. */
function directionLines({ ingress, egress }: Isolations, [start, end]: readonly [string, string]) {
  const lines = [
    workloadLine(`${start}ingress-isolated${end}: `, ingress.workloads),
    workloadLine(`${start}egress-isolated${end}: `, egress.workloads),
  ]
  const isSame = namesOf(ingress) === namesOf(egress)
  return isSame
    ? workloadLine(`${start}ingress- and egress-isolated${end}: `, ingress.workloads)
    : lines.flat()
}

function namesOf({ workloads }: Isolations["ingress"]): string {
  return workloads.map(impactEndText).join()
}

/** All, or how many and as many as there is room for. */
function workloadLine(start: string, workloads: Isolations["ingress"]["workloads"]): readonly string[] {
  if (workloads.length === 0) return []
  const all = `${start}${workloads.map(impactEndText).join(", ")}`
  if (charactersIn(all) <= MOST_CHARACTERS) return [all]
  return [`${start}${fittedEnds(workloads, MOST_CHARACTERS - charactersIn(start))}`]
}

/** Where the line is too long each side has half of the room at least. */
function connectionLine(what: "lost" | "new", block: ConnectionBlock): string {
  const { change, sources, destinations, pairs } = block
  const other = what === "lost" ? change.after : change.before
  const changed = changedText(change)
  const isSaid = other === "" || changed !== change.changed
  const stays = isSaid ? "" : ` (${what === "lost" ? "left" : "before"}: ${shortenedTo(other, 24)})`
  const end = `${stays}${isWhole(block) ? "" : ` (${counted(pairs, "pair")})`}`
  const start = `${what}${change.dns ? " (DNS)" : ""}: ${shortenedTo(changed, 30)}`
  const room = MOST_CHARACTERS - charactersIn(`${start} from  to ${end}`)
  if (isAmong(block)) return `${start} among ${fittedEnds(sources, room)}${end}`
  const half = Math.floor(room / 2)
  const wanted = charactersIn(fittedEnds(destinations, MOST_CHARACTERS))
  const source = fittedEnds(sources, Math.max(half, room - wanted))
  return `${start} from ${source} to ${fittedEnds(destinations, room - charactersIn(source))}${end}`
}

function isAmong({ sources, destinations }: ConnectionBlock): boolean {
  const names = new Set(sources.map(impactEndText))
  return (
    names.size > 1 &&
    names.size === destinations.length &&
    destinations.every((end) => names.has(impactEndText(end)))
  )
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
