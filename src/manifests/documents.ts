// The text of a file -> its documents, each as plain data that knows where its fields stand.

import type { FieldPath } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { jsonOffset, jsonScan } from "./json-scan.ts"
import { LIMITS, type LoadedFile } from "./load-file.ts"
import type { Mistake } from "./mistake.ts"
import type { Format } from "./source-file.ts"
import { type Slice, yamlDocuments } from "./yaml-documents.ts"
import { parseYaml, syntaxMistake } from "./yaml-parse.ts"
import { yamlOffset } from "./yaml-position.ts"
import { yamlValue } from "./yaml-value.ts"

export interface FileDocument extends ParsedDocument {
  readonly format: Format
  readonly slice: Slice
}

export interface ParsedDocument {
  /** Undefined where the document cannot be read; null where it is empty. */
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  readonly offsetOf: OffsetOf
}

/** Where a field stands in the file: its value or its key; or the nearest thing above it that is there. */
export type OffsetOf = (path: FieldPath, pointsAt?: "key") => number

/** One after the other, so that each can be let go before the next is read. */
export function* fileDocuments({ file, format, text }: LoadedFile): Generator<FileDocument> {
  if (format === "json") {
    const slice = { start: 0, end: text.length }
    const json = parseDocument(text, "json", slice)
    const mayBeYaml = !/\.json$/i.test(file.name) && text.length <= LIMITS.yaml
    if (json.mistakes.length === 0 || !mayBeYaml) {
      yield { ...json, format, slice }
      return
    }
  }
  for (const slice of yamlDocuments(text)) {
    yield { ...parseDocument(text, "yaml", slice), format: "yaml", slice }
  }
}

/** Offsets are in the whole text. */
export function parseDocument(text: string, format: Format, slice: Slice): ParsedDocument {
  switch (format) {
    case "yaml":
      return parseYamlDocument(text, slice)
    case "json":
      return parseJsonDocument(text)
  }
}

function parseYamlDocument(whole: string, { start, end }: Slice): ParsedDocument {
  const text = whole.slice(start, end)
  const document = parseYaml(text)
  const wrong = syntaxMistake(text, document)
  const { value, mistakes } =
    wrong === undefined ? yamlValue(document.contents) : { value: undefined, mistakes: [wrong] }
  return {
    value,
    mistakes: mistakes.map((mistake) => ({ ...mistake, offset: start + mistake.offset })),
    offsetOf: (path, pointsAt) => start + yamlOffset(document, path, pointsAt),
  }
}

function parseJsonDocument(text: string): ParsedDocument {
  const scan = jsonScan(text)
  const offsetOf: OffsetOf = (path, pointsAt) => jsonOffset(scan, path, pointsAt)
  try {
    const value: unknown = JSON.parse(text)
    return { value, mistakes: [], offsetOf }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length)
    const why = message.replace(/ in JSON at position.*$/s, "")
    return {
      value: undefined,
      mistakes: [{ diagnostic: diagnostic("jsonSyntax", { why }), offset }],
      offsetOf,
    }
  }
}

/** What a document is that is no object, in words. */
export function documentWords(value: unknown): string {
  if (Array.isArray(value)) return "it is a list"
  return typeof value === "object" ? "it has neither apiVersion nor kind" : `it is ${shown(value)}`
}
