// The text of a file -> its documents, each as plain data that knows where its fields stand.

import { isRecord } from "../api/conforms.ts"
import type { FieldPath } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { jsonOffset, jsonScan } from "./json-scan.ts"
import { jsonMistake } from "./json-syntax.ts"
import { LIMITS, type LoadedFile } from "./load-file.ts"
import type { Mistake } from "./mistake.ts"
import type { Format } from "./source-file.ts"
import { type Slice, yamlDocuments } from "./yaml-documents.ts"
import { LONG, type YamlList, yamlList } from "./yaml-list.ts"
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
    const list = slice.end - slice.start > LONG ? yamlList(text, slice) : undefined
    const frame = list && frameValue(list)
    if (list === undefined || frame === undefined) {
      yield { ...parseDocument(text, "yaml", slice), format: "yaml", slice }
      continue
    }
    for (const { start, end } of list.items) {
      const part: Slice = { start, end, item: true }
      const { value, ...parsed } = parseDocument(text, "yaml", part)
      yield {
        ...parsed,
        value: value === undefined ? undefined : { ...frame, items: value },
        format: "yaml",
        slice: part,
      }
    }
  }
}

/** The list without its items; undefined where it is better told about as a whole. */
function frameValue({ frame }: YamlList): object | undefined {
  const { value, mistakes } = parseYamlDocument(frame, { start: 0, end: frame.length })
  return mistakes.length === 0 && isRecord(value) && !("items" in value) ? value : undefined
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

function parseYamlDocument(whole: string, { start, end, item }: Slice): ParsedDocument {
  const text = whole.slice(start, end)
  const document = parseYaml(text)
  const wrong = syntaxMistake(text, document)
  const { value, mistakes } =
    wrong === undefined ? yamlValue(document.contents) : { value: undefined, mistakes: [wrong] }
  return {
    value,
    mistakes: mistakes.map((mistake) => ({ ...mistake, offset: start + mistake.offset })),
    offsetOf: (path, pointsAt) =>
      start + yamlOffset(document, item === true ? path.slice(1) : path, pointsAt),
  }
}

function parseJsonDocument(text: string): ParsedDocument {
  const scan = jsonScan(text)
  const offsetOf: OffsetOf = (path, pointsAt) => jsonOffset(scan, path, pointsAt)
  try {
    const value: unknown = JSON.parse(text)
    return { value, mistakes: [], offsetOf }
  } catch {
    const { offset, why } = jsonMistake(text) ?? { offset: 0, why: "it cannot be parsed" }
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
