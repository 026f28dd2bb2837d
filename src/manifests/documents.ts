// The text of a file -> its documents, each as plain data with its place.

import { diagnostic, shown } from "../api/report.ts"
import { LIMITS, type LoadedFile } from "./load-file.ts"
import type { Location } from "./location.ts"
import type { Mistake } from "./mistake.ts"
import { yamlDocuments } from "./yaml-documents.ts"
import { parseYaml, syntaxMistake } from "./yaml-parse.ts"
import { yamlValue } from "./yaml-value.ts"

export interface FileDocument {
  readonly location: Location
  /** Undefined where the document cannot be read; null where it is empty. */
  readonly value: unknown
  /** Offsets are in the file. */
  readonly mistakes: readonly Mistake[]
}

/** One after the other, so that each can be let go before the next is read. */
export function* fileDocuments(loaded: LoadedFile): Generator<FileDocument> {
  if (loaded.format === "json") {
    const json = jsonDocument(loaded)
    const isYaml = !/\.json$/i.test(loaded.file.name) && loaded.text.length <= LIMITS.yaml
    if (json.mistakes.length === 0 || !isYaml) {
      yield json
      return
    }
  }
  for (const { start, end } of yamlDocuments(loaded.text)) {
    const text = loaded.text.slice(start, end)
    const { value, mistakes } = yamlDocument(text)
    yield {
      location: { file: loaded.file, format: "yaml", slice: { start, end }, within: [] },
      value,
      mistakes: mistakes.map((mistake) => ({ ...mistake, offset: start + mistake.offset })),
    }
  }
}

function yamlDocument(text: string): Pick<FileDocument, "value" | "mistakes"> {
  const document = parseYaml(text)
  const mistake = syntaxMistake(text, document)
  return mistake === undefined ? yamlValue(document.contents) : { value: undefined, mistakes: [mistake] }
}

function jsonDocument({ file, text }: LoadedFile): FileDocument {
  const location: Location = { file, format: "json", slice: { start: 0, end: text.length }, within: [] }
  try {
    const value: unknown = JSON.parse(text)
    return { location, value, mistakes: [] }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length)
    const why = message.replace(/ in JSON at position.*$/s, "")
    return {
      location,
      value: undefined,
      mistakes: [{ diagnostic: diagnostic("jsonSyntax", { why }), offset }],
    }
  }
}

/** What a document is that is no object, in words. */
export function documentWords(value: unknown): string {
  if (Array.isArray(value)) return "it is a list"
  return typeof value === "object" ? "it has neither apiVersion nor kind" : `it is ${shown(value)}`
}
