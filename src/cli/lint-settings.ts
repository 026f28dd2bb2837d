// What lint leaves out and what it takes more or less seriously: .postern.yaml and --ignore.

import { existsSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"
import type { FromSchema } from "json-schema-to-ts"
import { ignoreMistake, nearCode } from "../analysis/lint/silence.ts"
import { conforms, withoutNulls } from "../api/conforms.ts"
import type { Diagnostic, FieldPath, Severity } from "../api/diagnostic.ts"
import { collector, type Report, root, shown } from "../api/report.ts"
import { parseDocument } from "../manifests/documents.ts"
import { loadFile } from "../manifests/load-file.ts"
import type { SourceLine } from "../manifests/read-manifests.ts"
import { linesOf } from "../manifests/source-file.ts"

const codes = { type: "array", items: { type: "string" } } as const

const settingsSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    lint: {
      type: "object",
      additionalProperties: false,
      properties: {
        ignore: codes,
        severity: {
          type: "object",
          additionalProperties: { type: "string", enum: ["error", "warning", "note"] },
        },
        paths: {
          type: "array",
          items: {
            type: "object",
            additionalProperties: false,
            required: ["in", "ignore"],
            properties: { in: { type: "string" }, ignore: codes },
          },
        },
      },
    },
  },
} as const

type Written = NonNullable<FromSchema<typeof settingsSchema>["lint"]>

export interface LintSettings {
  /** What becomes of a finding: with another severity, or undefined where it is ignored. */
  readonly apply: (finding: Diagnostic) => Diagnostic | undefined
}

export type ReadSettings =
  | { readonly ok: true; readonly value: LintSettings }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly sourceLine: SourceLine }

export interface SettingsOptions {
  readonly ignore?: readonly string[]
  /** A file that must be there; without it .postern.yaml of the working directory, if there is one. */
  readonly config?: string
}

const FILE = ".postern.yaml"

export function readLintSettings({ ignore = [], config }: SettingsOptions): ReadSettings {
  const flagged = ignore.flatMap((text) => text.split(",")).filter((code) => code !== "")
  const { report, diagnostics } = collector()
  for (const code of flagged) tellCode(code, report, [])
  const file = config ?? FILE
  if (config === undefined && !existsSync(file)) return settingsOf({ flagged, diagnostics })
  const read = readFile(file)
  const all = [...diagnostics, ...read.diagnostics]
  if (all.length > 0) return { ok: false, diagnostics: all, sourceLine: read.sourceLine }
  return settingsOf({ flagged, diagnostics, written: read.written, directory: dirname(file) })
}

interface Parts {
  readonly flagged: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  readonly written?: Written
  readonly directory?: string
}

function settingsOf({ flagged, diagnostics, written = {}, directory = "." }: Parts): ReadSettings {
  if (diagnostics.length > 0) return { ok: false, diagnostics, sourceLine: () => undefined }
  const everywhere = new Set([...flagged, ...(written.ignore ?? [])])
  const severities = new Map<string, Severity>(Object.entries(written.severity ?? {}))
  const paths = (written.paths ?? []).map((each) => ({
    path: resolve(directory, each.in),
    ignore: new Set(each.ignore),
  }))
  const isIgnored = ({ code, position }: Diagnostic): boolean =>
    everywhere.has(code) ||
    (position !== undefined &&
      paths.some(({ path, ignore }) => ignore.has(code) && isWithin(position.file, path)))
  return {
    ok: true,
    value: {
      apply: (finding) => {
        if (finding.severity === "error") return finding
        if (isIgnored(finding)) return undefined
        const severity = severities.get(finding.code)
        return severity === undefined ? finding : { ...finding, severity }
      },
    },
  }
}

interface ReadFile {
  readonly written: Written
  readonly diagnostics: readonly Diagnostic[]
  readonly sourceLine: SourceLine
}

function readFile(file: string): ReadFile {
  const read = loadFile(file, () => new Uint8Array())
  if (!read.ok) return { written: {}, sourceLine: () => undefined, diagnostics: [read.diagnostic] }
  const { text } = read.loaded
  const lines = linesOf(file, text)
  const document = parseDocument(text, "yaml", { start: 0, end: text.length })
  const { report, diagnostics } = collector()
  const value = withoutNulls(document.value ?? {}, settingsSchema)
  const isGood = document.mistakes.length === 0 && conforms(settingsSchema, value, root(report))
  const written = isGood ? (value.lint ?? {}) : {}
  checkCodes(written, report)
  return {
    written,
    sourceLine: ({ line }) => lines.lineOf(line),
    diagnostics: [
      ...document.mistakes.map((each) => ({ ...each.diagnostic, position: lines.positionOf(each.offset) })),
      ...diagnostics.map(({ pointsAt, ...each }) => {
        return { ...each, position: lines.positionOf(document.offsetOf(each.path ?? [], pointsAt)) }
      }),
    ],
  }
}

function checkCodes({ ignore = [], severity = {}, paths = [] }: Written, report: Report): void {
  for (const [i, code] of ignore.entries()) tellCode(code, report, ["lint", "ignore", i])
  for (const code of Object.keys(severity)) tellCode(code, report, ["lint", "severity", code])
  for (const [i, each] of paths.entries())
    for (const [j, code] of each.ignore.entries()) tellCode(code, report, ["lint", "paths", i, "ignore", j])
}

function tellCode(code: string, report: Report, path: FieldPath): void {
  const mistake = ignoreMistake(code)
  if (mistake === undefined) return
  const why =
    mistake === "unknown"
      ? `is no code of a diagnostic${nearCode(code)}`
      : "is an error: those cannot be silenced"
  report("badLintSetting", { value: shown(code), why }, path)
}

function isWithin(file: string, path: string): boolean {
  const way = relative(path, resolve(file))
  return way === "" || (!way.startsWith("..") && !way.startsWith("/"))
}
