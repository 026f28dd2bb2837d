// What connectivity is printed as: every format that -o takes.

import { connectionText } from "../analysis/connection-set.ts"
import type { Connectivity } from "../analysis/connectivity.ts"
import { endText } from "../analysis/end.ts"
import { printable } from "../analysis/printable.ts"
import type { ConnectivityLines } from "../api/connectivity-lines.ts"
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

function rowsOf({ lines }: Connectivity): ConnectivityLines {
  return lines.map(({ source, destination, connections }) => {
    return { src: endText(source), dst: endText(destination), conn: connectionText(connections) }
  })
}

/** One line an element, so that two outputs can be compared. */
function jsonText(connectivity: Connectivity): string {
  const rows = rowsOf(connectivity).map((row) => JSON.stringify(row))
  return rows.length === 0 ? "[]\n" : `[\n${rows.join(",\n")}\n]\n`
}

/** RFC 4180, but for line ends: \n, which every reader takes. */
function csvText(connectivity: Connectivity): string {
  const rows = rowsOf(connectivity).map(({ src, dst, conn }) => [src, dst, conn].map(csvField).join(","))
  return `${["src,dst,conn", ...rows].join("\n")}\n`
}

function csvField(text: string): string {
  const plain = printable(text)
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

function markdownText(connectivity: Connectivity): string {
  const rows = rowsOf(connectivity).map(
    ({ src, dst, conn }) => `| ${[src, dst, conn].map(markdownCell).join(" | ")} |`,
  )
  return `${["| src | dst | conn |", "|-----|-----|------|", ...rows].join("\n")}\n`
}

function markdownCell(text: string): string {
  return printable(text).replaceAll("|", String.raw`\|`)
}
