// A report of what a change will do, whole, as people read it in a terminal.

import { counted } from "../analysis/impact/summary.ts"
import { printable } from "../analysis/printable.ts"
import type { ImpactReport } from "../api/impact-report.ts"
import { impactSections, observedText, summaryText } from "./impact-sections.ts"
import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import { wrapped } from "./text-layout.ts"

export function impactText(source: ImpactReport, screen: Screen): string {
  const report = printableReport(source)
  const sections = [
    headLines(report, screen),
    ...impactSections(report, { ...screen, limit: Infinity, unit: "pod" }),
    findingLines(report, screen),
    nodeLines(report, screen),
    hiddenLines(report, screen),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`
}

const done = { CREATE: "created", UPDATE: "changed", DELETE: "deleted" } as const

function headLines(report: ImpactReport, { palette, columns }: Screen): readonly string[] {
  const { subject, operation } = report
  const title =
    subject === null ? [] : [palette.bold(`${subject.kind} ${nameText(subject)}, ${done[operation]}`)]
  const summary = `${summaryText(report, "pod")}${observedText(report)}`
  const isShort = report.complete
    ? []
    : [palette.warn("the time allowed was not enough: counts are lower bounds")]
  return [...title, ...wrapped(summary, columns), ...isShort]
}

function nameText({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === "" ? name : `${namespace}/${name}`
}

const inks = { error: "bad", warning: "warn", note: "dim" } as const satisfies Record<string, keyof Palette>

function findingLines({ findings }: ImpactReport, { palette, columns }: Screen): readonly string[] {
  return findings.flatMap(({ severity, code, path, message }) => {
    const [first = "", ...rest] = wrapped(
      `${severity} ${code} ${path === "" ? "" : `${path}: `}${message}`,
      columns,
    )
    return [`${palette[inks[severity]](severity)}${first.slice(severity.length)}`, ...rest]
  })
}

function nodeLines({ nodes }: ImpactReport, { palette, columns }: Screen): readonly string[] {
  if (nodes.length === 0) return []
  const title = `nodes whose ruleset changes  ${palette.dim(counted(nodes.length, "node"))}`
  return [title, ...wrapped(`  ${nodes.join(", ")}`, columns)]
}

function hiddenLines({ hidden }: ImpactReport, { palette, columns }: Screen): readonly string[] {
  const counts = [
    { amount: hidden.pairs, of: "connection" },
    { amount: hidden.pods, of: "isolated pod" },
    { amount: hidden.assertions, of: "failing assertion" },
    { amount: hidden.nodes, of: "node" },
  ].filter(({ amount }) => amount > 0)
  if (counts.length === 0) return []
  const names = counted(hidden.namespaces, "namespace")
  const what = counts.map(({ amount, of }) => counted(amount, of)).join(", ")
  return wrapped(`not named, in ${names} in which you may not list pods: ${what}`, columns).map(palette.dim)
}

/** Whoever named an object has chosen the characters: none of them may steer the terminal. */
function printableReport(report: ImpactReport): ImpactReport {
  const text = JSON.stringify(report, (_, value: unknown) =>
    typeof value === "string" ? printable(value) : value,
  )
  return JSON.parse(text)
}
