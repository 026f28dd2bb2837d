// Diagnostics for a terminal, as compilers print them: place, code, message, the line with a caret, what to do.

import { codes } from "../api/codes.ts"
import { type Diagnostic, fieldPathText, type SourcePosition } from "../api/diagnostic.ts"
import type { SourceLine } from "./read-manifests.ts"

const remedies: ReadonlyMap<string, string> = new Map(
  Object.values(codes).map(({ code, remedy }) => [code, remedy]),
)

/** What can be done about it, or "" for a code that is not in the registry. */
function remedyOf({ code }: Diagnostic): string {
  return remedies.get(code) ?? ""
}

export function formatDiagnostics(diagnostics: readonly Diagnostic[], sourceLine?: SourceLine): string {
  return diagnostics.map((each) => `${formatDiagnostic(each, sourceLine)}\n`).join("")
}

/** The line that it points at has room in `columns`; all else may be longer. */
export function formatDiagnostic(each: Diagnostic, sourceLine?: SourceLine, columns?: number): string {
  const { position, severity, code, path = [], message } = each
  const place = position === undefined ? "" : `${position.file}:${position.line}:${position.column}: `
  const field = path.length === 0 ? "" : ` ${fieldPathText(path)}`
  const lines = [`${place}${severity} ${code}${field}: ${message}`]
  const line = position && sourceLine?.(position)
  if (position !== undefined && line !== undefined) lines.push(...excerpt(line, position, columns))
  if (severity !== "note") lines.push(`    help: ${remedyOf(each)}`)
  return lines.join("\n")
}

const INDENT = 4
const MOST_COLUMNS = 100 + INDENT

/** The line and a caret under the column; of a long line the part around it. Control characters are not printed. */
export function excerpt(
  line: string,
  { column }: SourcePosition,
  columns: number = MOST_COLUMNS,
): readonly string[] {
  const room = Math.min(columns, MOST_COLUMNS) - INDENT
  const half = Math.floor(room / 2)
  const from = line.length <= room ? 0 : Math.max(0, Math.min(column - 1 - half, line.length - room))
  const shown = line.slice(from, from + room).replace(/\p{Cc}/gu, " ")
  if (shown.trim() === "") return []
  const indent = " ".repeat(INDENT)
  return [`${indent}${shown.trimEnd()}`, `${indent}${" ".repeat(column - 1 - from)}^`]
}
