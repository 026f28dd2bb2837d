// What connectivity is printed as: every format that -o takes.

import { type ConnectionSet, connectionText } from "../analysis/connection-set.ts"
import type { Connectivity } from "../analysis/connectivity.ts"
import { type AnalysisEnd, endText } from "../analysis/end.ts"
import { printable } from "../analysis/printable.ts"
import { connectivityText } from "./connectivity-text.ts"
import type { Screen } from "./screen.ts"

export interface FormatOptions {
  readonly screen: Screen
  /** Texts of the workloads that are asked about; null for all. */
  readonly focus: ReadonlySet<string> | null
}

export type ConnectivityFormat = (
  connectivity: Connectivity,
  options: FormatOptions,
) => string | Promise<string>

/** Maps are loaded when they are asked for. */
export const CONNECTIVITY_FORMATS: Readonly<Record<string, ConnectivityFormat>> = {
  text: connectivityText,
  json: jsonText,
  csv: csvText,
  md: markdownText,
  dot: async (connectivity, { focus }) => (await import("./map/dot.ts")).dotFile(connectivity, focus),
  svg: async (connectivity, { focus }) => (await import("./map/svg.ts")).svgFile(connectivity, focus),
  html: async (connectivity, { focus }) => (await import("./map/html.ts")).htmlFile(connectivity, focus),
}

/** One line an element, so that two outputs can be compared. */
function jsonText(connectivity: Connectivity): string {
  const rows = rowsOf(connectivity, JSON.stringify)
  const texts = rows.map(([src, dst, conn]) => `{"src":${src},"dst":${dst},"conn":${conn}}`)
  return texts.length === 0 ? "[]\n" : `[\n${texts.join(",\n")}\n]\n`
}

/** RFC 4180, but for line ends: \n, which every reader takes. */
function csvText(connectivity: Connectivity): string {
  const rows = rowsOf(connectivity, csvField).map((row) => row.join(","))
  return `${["src,dst,conn", ...rows].join("\n")}\n`
}

function csvField(text: string): string {
  const plain = printable(text)
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

function markdownText(connectivity: Connectivity): string {
  const rows = rowsOf(connectivity, markdownCell).map((row) => `| ${row.join(" | ")} |`)
  return `${["| src | dst | conn |", "|-----|-----|------|", ...rows].join("\n")}\n`
}

type Row = readonly [src: string, dst: string, conn: string]

/** Of a million lines the ends are a thousand, and the connections fewer: each is written once. */
function rowsOf({ lines }: Connectivity, write: (text: string) => string): readonly Row[] {
  const endOf = remembering((end: AnalysisEnd) => write(endText(end)))
  const connectionsOf = remembering((set: ConnectionSet) => write(connectionText(set)))
  return lines.map(({ source, destination, connections }) => [
    endOf(source),
    endOf(destination),
    connectionsOf(connections),
  ])
}

function remembering<T extends object>(textOf: (value: T) => string): (value: T) => string {
  const known = new Map<T, string>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const text = textOf(value)
    known.set(value, text)
    return text
  }
}

function markdownCell(text: string): string {
  return printable(text).replaceAll("|", String.raw`\|`)
}
