// A comparison as people read it in a terminal: what was written, what it does, and nothing that stays as it is.

import type { DiffObject, DiffReport, DiffWorkload } from "../../api/diff-report.ts"
import {
  type ImpactStyle,
  impactSections,
  observedText,
  summaryText,
  workloadText,
} from "../impact-sections.ts"
import type { Palette } from "../palette.ts"
import { count, wrapped } from "../text-layout.ts"

const marks = { added: "+", changed: "~", removed: "-" } as const
const inks = { added: "good", changed: "warn", removed: "bad" } as const satisfies Record<
  string,
  keyof Palette
>

export function diffText(report: DiffReport, screen: ImpactStyle): string {
  const { palette } = screen
  const sections = [
    [`${palette.bold(report.before)} → ${palette.bold(report.after)}`],
    report.objects.map((each) => objectLine(each, palette)),
    workloadLines(report.workloads, screen),
    ...changeSections(report, screen),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`
}

function changeSections(report: DiffReport, screen: ImpactStyle): readonly (readonly string[])[] {
  const { impact } = report
  const { palette } = screen
  if (!report.different) return [[palette.good("✓ nothing else flows, and nobody else is isolated")]]
  return [
    wrapped(`${summaryText(impact, screen.unit)}${observedText(impact)}`, screen.columns).map((line) =>
      palette.bold(line),
    ),
    ...impactSections(impact, screen),
  ]
}

function objectLine({ change, kind, namespace, name, file, line }: DiffObject, palette: Palette): string {
  const place = file === null ? "" : `  ${palette.dim(`${file}:${line}`)}`
  return `  ${palette[inks[change]](marks[change])} ${kind} ${namespace === "" ? name : `${namespace}/${name}`}${place}`
}

function workloadLines(
  { added, removed }: DiffReport["workloads"],
  { palette, unit }: ImpactStyle,
): readonly string[] {
  const line = (each: DiffWorkload, change: "added" | "removed") =>
    `  ${palette[inks[change]](marks[change])} ${workloadText(each)}${unit === "pod" ? `  ${count(each.pods, "pod")}` : ""}${
      change === "added" ? openText(each, palette) : ""
    }`
  return [...added.map((each) => line(each, "added")), ...removed.map((each) => line(each, "removed"))]
}

/** Who comes without a policy is open to everybody: that is what should not be overlooked. */
function openText({ ingressIsolated, egressIsolated }: DiffWorkload, palette: Palette): string {
  if (ingressIsolated && egressIsolated) return palette.dim("  isolated in both directions")
  const open = [...(ingressIsolated ? [] : ["ingress"]), ...(egressIsolated ? [] : ["egress"])]
  return `  ${palette.warn(`no policy isolates its ${open.join(" and ")}`)}`
}
