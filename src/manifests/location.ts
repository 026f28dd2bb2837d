// Where an object came from, and the positions of its fields, found when they are asked for.

import { isNode } from "yaml"
import type { FieldPath, SourcePosition } from "../api/diagnostic.ts"
import { type JsonScan, jsonOffset, jsonScan } from "./json-scan.ts"
import { type Format, type Lines, linesOf, type SourceFile } from "./source-file.ts"
import type { Slice } from "./yaml-documents.ts"
import { parseYaml } from "./yaml-parse.ts"
import { yamlOffset } from "./yaml-position.ts"

export interface Location {
  readonly file: SourceFile
  readonly format: Format
  /** The document's part of the text. */
  readonly slice: Slice
  /** The way from the document to the object: ["items", 3], or []. */
  readonly within: FieldPath
}

export interface FieldPlace {
  readonly path: FieldPath
  readonly pointsAt?: "key" | undefined
}

export interface Locator {
  readonly positionOf: (location: Location, place: FieldPlace) => SourcePosition
  readonly lines: Lines
}

/** Keeps what it parsed last, so that asking in the order of the text parses every document once. */
export function locator(): Locator {
  const lines = linesOf()
  let yaml: { readonly file: SourceFile; readonly slice: Slice; readonly offsetOf: OffsetOf } | undefined
  let json: { readonly file: SourceFile; readonly scan: JsonScan } | undefined

  const inYaml = ({ file, slice, within }: Location, place: FieldPlace): number => {
    if (yaml?.file !== file || yaml.slice.start !== slice.start) {
      const document = parseYaml(lines.textOf(file).slice(slice.start, slice.end))
      const offsetOf: OffsetOf = ({ path, pointsAt }) => yamlOffset(document, path, pointsAt)
      yaml = { file, slice, offsetOf: isNode(document.contents) ? offsetOf : () => 0 }
    }
    return slice.start + yaml.offsetOf({ ...place, path: [...within, ...place.path] })
  }
  const inJson = ({ file, slice, within }: Location, { path, pointsAt }: FieldPlace): number => {
    if (json?.file !== file) json = { file, scan: jsonScan(lines.textOf(file)) }
    return jsonOffset(json.scan, { start: slice.start, path: [...within, ...path], pointsAt })
  }
  return {
    lines,
    positionOf: (location, place) =>
      lines.positionOf(location.file, (location.format === "yaml" ? inYaml : inJson)(location, place)),
  }
}

type OffsetOf = (place: FieldPlace) => number
