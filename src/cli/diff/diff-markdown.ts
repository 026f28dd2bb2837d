// A comparison as the comment of a pull request: the summary in sight, long tables folded.

import { changedText, connectionGroups, impactEndText } from "../../analysis/connection-groups.ts"
import type { DiffObject, DiffReport, DiffWorkload } from "../../api/diff-report.ts"
import type { ImpactEnd, ImpactReport } from "../../api/impact-report.ts"
import { type ImpactStyle, notesBeside, summaryText, workloadText } from "../impact-sections.ts"
import { count } from "../text-layout.ts"

/** Rows that are shown without a click. */
const MOST_OPEN = 10

type MarkdownStyle = Pick<ImpactStyle, "limit" | "unit">

export function diffMarkdown(report: DiffReport, { limit, unit }: MarkdownStyle): string {
  const { impact } = report
  const verdict = report.different
    ? `**${escaped(capital(summaryText(impact, unit)))}.**`
    : "**Nothing else flows, and nobody else is isolated.**"
  const parts = [
    `### Network policy: ${code(report.before)} → ${code(report.after)}`,
    verdict,
    ...(impact.enforcement === "observe" && impact.disappearing.pairs > 0
      ? ["What disappears is only counted for now: its namespaces are observed."]
      : []),
    ...assertionParts(impact),
    ...isolationParts(impact, { limit, unit }),
    ...connectionParts({ title: "Disappears", changed: impact.disappearing, limit }),
    ...connectionParts({ title: "Appears", changed: impact.appearing, limit }),
    ...workloadParts(report.workloads, unit),
    ...objectParts(report.objects),
    ...notesBeside(impact).map((note) => `> ${escaped(note)}`),
  ]
  return `${parts.join("\n\n")}\n`
}

function assertionParts({ assertions }: ImpactReport): readonly string[] {
  if (assertions.length === 0) return []
  const rows = assertions.map(({ assertion, text }) => [
    code(`${assertion.namespace}/${assertion.name}`),
    escaped(text),
  ])
  return [
    table({
      title: "❌ No longer as asserted",
      columns: ["ConnectivityAssertion", "case"],
      rows,
      pairs: rows.length,
      hidden: 0,
    }),
  ]
}

function isolationParts(
  { isolated, released }: ImpactReport,
  { limit, unit }: MarkdownStyle,
): readonly string[] {
  const all = [
    ["becomes ingress-isolated", isolated.ingress],
    ["becomes egress-isolated", isolated.egress],
    ["is no longer ingress-isolated", released.ingress],
    ["is no longer egress-isolated", released.egress],
  ] as const
  const rows = all.flatMap(([what, { workloads }]) =>
    workloads.map((each) => [code(workloadText(each)), ...podCells(each, unit), what]),
  )
  if (rows.length === 0) return []
  const told = rows.slice(0, limit)
  const columns = ["workload", ...podColumns(unit), ""]
  return [
    table({ title: "Isolation", columns, rows: told, pairs: rows.length, hidden: rows.length - told.length }),
  ]
}

interface Connections {
  readonly title: string
  readonly changed: ImpactReport["appearing"]
  readonly limit: number
}

function connectionParts({ title, changed: { pairs, listed }, limit }: Connections): readonly string[] {
  if (pairs === 0) return []
  const groups = connectionGroups(listed).slice(0, limit)
  const rows = groups.map(({ sources, destinations, change, reasons }) => [
    endCodes(sources),
    endCodes(destinations),
    `${code(changedText(change))}${change.dns ? " (DNS)" : ""}`,
    reasons.map(escaped).join("<br>"),
  ])
  const told = groups.reduce(
    (sum, { sources, destinations }) => sum + sources.length * destinations.length,
    0,
  )
  const columns = ["from", "to", "what", "decided by"]
  return [table({ title, columns, rows, pairs, hidden: pairs - told })]
}

function endCodes(ends: readonly ImpactEnd[]): string {
  const most = 3
  const named = ends.slice(0, ends.length > most ? most - 1 : most)
  const more = ends.length - named.length
  return `${named.map((end) => code(impactEndText(end))).join(", ")}${more > 0 ? ` and ${more.toLocaleString("en-US")} more` : ""}`
}

/** Of manifests it is not known how many there are. */
function podColumns(unit: ImpactStyle["unit"]): readonly string[] {
  return unit === "pod" ? ["pods"] : []
}

function podCells({ pods }: { readonly pods: number }, unit: ImpactStyle["unit"]): readonly string[] {
  return unit === "pod" ? [count(pods, "pod")] : []
}

function workloadParts(
  { added, removed }: DiffReport["workloads"],
  unit: ImpactStyle["unit"],
): readonly string[] {
  const row = (each: DiffWorkload, change: string, open: string) => [
    change,
    code(workloadText(each)),
    ...podCells(each, unit),
    open,
  ]
  const rows = [
    ...added.map((each) => row(each, "added", openText(each))),
    ...removed.map((each) => row(each, "removed", "")),
  ]
  if (rows.length === 0) return []
  return [
    table({
      title: "Workloads",
      columns: ["", "workload", ...podColumns(unit), ""],
      rows,
      pairs: rows.length,
      hidden: 0,
    }),
  ]
}

function openText({ ingressIsolated, egressIsolated }: DiffWorkload): string {
  if (ingressIsolated && egressIsolated) return "isolated in both directions"
  const open = [...(ingressIsolated ? [] : ["ingress"]), ...(egressIsolated ? [] : ["egress"])]
  return `⚠️ no policy isolates its ${open.join(" and ")}`
}

function objectParts(objects: readonly DiffObject[]): readonly string[] {
  if (objects.length === 0) return []
  const rows = objects.map(({ change, kind, namespace, name, file, line }) => [
    change,
    `${kind} ${code(namespace === "" ? name : `${namespace}/${name}`)}`,
    file === null ? "" : code(`${file}:${line}`),
  ])
  return [table({ title: "Written", columns: ["", "object", "place"], rows, pairs: rows.length, hidden: 0 })]
}

interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly pairs: number
  /** Of these, those that no row tells. */
  readonly hidden: number
}

function table({ title, columns, rows, pairs, hidden }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`
  const lines = [
    line(columns),
    line(columns.map(() => "---")),
    ...rows.map(line),
    ...(hidden > 0 ? ["", `and ${hidden.toLocaleString("en-US")} more`] : []),
  ]
  const head = `${title} (${pairs.toLocaleString("en-US")})`
  // An empty line before the table, or it is no table in the fold.
  return rows.length <= MOST_OPEN
    ? [`**${head}**`, "", ...lines].join("\n")
    : [`<details><summary>${head}</summary>`, "", ...lines, "", "</details>"].join("\n")
}

/** Names come from files that anybody may have written: no markup of theirs is markup here. */
function escaped(text: string): string {
  return text
    .replace(/[\r\n]+/g, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/[\\`*_[\]|~#@!]/g, (character) => `&#${character.codePointAt(0)};`)
}

/** In a cell of a table a bar ends the cell, also in code; a code span with HTML escapes has neither problem. */
function code(text: string): string {
  return text === "" ? "" : `<code>${escaped(text)}</code>`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
