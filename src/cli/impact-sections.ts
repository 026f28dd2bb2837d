// What a change does, in sections: who is isolated, which connections go and come, which assertions fail.

import { changedText, connectionGroups, endsText } from "../analysis/connection-groups.ts"
import { impactSummary, isolatedCount, type Unit } from "../analysis/impact/summary.ts"
import type { ImpactReport } from "../api/impact-report.ts"
import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import { count, padded, width, wrapped } from "./text-layout.ts"

/** A longer name moves only its own line. */
const mostEndColumns = 36

export interface ImpactStyle extends Screen {
  /** Groups of connections of each kind. */
  readonly limit: number
  readonly unit: Unit
}

/** Manifests often name no node: of those nothing is said. */
export function summaryText(impact: ImpactReport, unit: Unit): string {
  const summary = impactSummary(impact, unit)
  return impact.nodes.length === 0 ? summary.replace(/; no node changes$/, "") : summary
}

/** How many are listed is said beside the list. */
export function notesBeside({ notes }: ImpactReport): readonly string[] {
  return notes.filter((note) => !/^at most \d+ connections/.test(note))
}

/** What follows from the change. */
export function impactSections(impact: ImpactReport, screen: ImpactStyle): readonly (readonly string[])[] {
  const { palette } = screen
  return [
    ...isolationSections(impact, screen),
    connectionLines("lost", impact.disappearing, screen),
    connectionLines("new", impact.appearing, screen),
    assertionLines(impact, palette),
    notesBeside(impact).map((note) => `${palette.warn("note")} ${note}`),
  ]
}

export function observedText({ enforcement, disappearing }: ImpactReport): string {
  if (disappearing.pairs === 0 || enforcement === "enforce") return ""
  return "; observed: what disappears is only counted for now"
}

function isolationSections(
  impact: ImpactReport,
  { palette, columns, limit, unit }: ImpactStyle,
): readonly (readonly string[])[] {
  const sections = [
    { title: "ingress-isolated then", ink: palette.warn, isolation: impact.isolated.ingress },
    { title: "egress-isolated then", ink: palette.warn, isolation: impact.isolated.egress },
    { title: "no longer ingress-isolated", ink: palette.warn, isolation: impact.released.ingress },
    { title: "no longer egress-isolated", ink: palette.warn, isolation: impact.released.egress },
  ]
  return sections.map(({ title, ink, isolation }) => {
    if (isolation.pods === 0) return []
    const workloads = isolation.workloads.slice(0, limit)
    const named = unit === "workload" ? workloads.length : workloads.reduce((sum, { pods }) => sum + pods, 0)
    const total = isolatedCount(isolation, unit)
    const more = total > named ? [`and ${count(total - named, unit)} more`] : []
    const names = [...workloads.map(workloadText), ...more].join(", ")
    return [`${ink(title)}  ${palette.dim(count(total, unit))}`, ...wrapped(`  ${names}`, columns)]
  })
}

const ways = {
  lost: { mark: "-", ink: "bad", one: "connection disappears", many: "connections disappear" },
  new: { mark: "+", ink: "good", one: "connection appears", many: "connections appear" },
} as const satisfies Record<string, { readonly ink: keyof Palette } & Record<string, string>>

function connectionLines(
  way: keyof typeof ways,
  { pairs, listed }: ImpactReport["appearing"],
  { palette, columns, limit }: ImpactStyle,
): readonly string[] {
  if (pairs === 0) return []
  const { mark, ink, one, many } = ways[way]
  const groups = connectionGroups(listed).slice(0, limit)
  const sides = groups.map(
    ({ sources, destinations }) => [endsText(sources, 3), endsText(destinations, 3)] as const,
  )
  const widest = Math.max(...sides.map(([from]) => width(from)).filter((each) => each <= mostEndColumns), 0)
  const lines = groups.flatMap(({ change, reasons }, i) => {
    const [from, to] = sides[i] ?? ["", ""]
    const what = changedText(change)
    const other = way === "lost" ? change.after : change.before
    const isSaid = other === "" || what !== change.changed
    const rest = isSaid ? "" : palette.dim(`  ${way === "lost" ? "left" : "before"}: ${other}`)
    const dns = change.dns ? palette.warn("  DNS") : ""
    const end = `→ ${to}  ${what}${dns}${rest}`
    const isShort = width(`  ${mark} ${padded(from, widest)} ${end}`) <= columns
    return [
      ...(isShort
        ? [`  ${palette[ink](mark)} ${padded(from, widest)} ${end}`]
        : [`  ${palette[ink](mark)} ${from}`, `    ${end}`]),
      ...reasons.flatMap((reason) => wrapped(`      ${reason}`, columns).map(palette.dim)),
    ]
  })
  const told = groups.reduce(
    (sum, { sources, destinations }) => sum + sources.length * destinations.length,
    0,
  )
  const more =
    pairs > told
      ? [
          palette.dim(
            `    and ${(pairs - told).toLocaleString("en-US")} more${Number.isFinite(limit) ? ": --limit" : ""}`,
          ),
        ]
      : []
  return [palette[ink](count(pairs, one, many)), ...lines, ...more]
}

function assertionLines({ assertions }: ImpactReport, palette: Palette): readonly string[] {
  if (assertions.length === 0) return []
  return [
    palette.bad("no longer as asserted"),
    ...assertions.map(
      ({ assertion, text }) =>
        `  ${palette.bad("✗")} ${text}  ${palette.dim(`${assertion.namespace}/${assertion.name}`)}`,
    ),
  ]
}

export function workloadText({
  namespace,
  name,
  kind,
}: Readonly<Record<"namespace" | "name" | "kind", string>>): string {
  return `${namespace}/${name}[${kind}]`
}
