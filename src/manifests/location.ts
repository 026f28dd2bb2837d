// Where an object came from, and the positions of its fields, found when they are asked for.

import type { FieldPath, SourcePosition } from "../api/diagnostic.ts"
import { type OffsetOf, parseDocument } from "./documents.ts"
import { type Format, linesOf, type SourceFile } from "./source-file.ts"
import type { Slice } from "./yaml-documents.ts"

export interface Location {
  readonly file: SourceFile
  readonly format: Format
  /** The document's part of the text. */
  readonly slice: Slice
  /** The way from the document to the object: ["items", 3], or []. */
  readonly within: FieldPath
}

export interface Locator {
  readonly positionOf: (location: Location, path: FieldPath) => SourcePosition
  readonly lineOf: (file: SourceFile, line: number) => string | undefined
}

/** Keeps what it read last, so that asking in the order of the text reads every document once. */
export function locator(): Locator {
  const opened = lastOf(
    (file: SourceFile) => {
      const text = file.text()
      return { text, lines: linesOf(file.name, text) }
    },
    (a, b) => a === b,
  )
  const parsed = lastOf(
    ({ file, format, slice }: Location): OffsetOf => parseDocument(opened(file).text, format, slice).offsetOf,
    (a, b) => a.file === b.file && a.slice.start === b.slice.start,
  )
  return {
    positionOf: (location, path) =>
      opened(location.file).lines.positionOf(parsed(location)([...location.within, ...path])),
    lineOf: (file, line) => opened(file).lines.lineOf(line),
  }
}

/** Remembers the last answer. */
function lastOf<Key, Value>(
  find: (key: Key) => Value,
  same: (a: Key, b: Key) => boolean,
): (key: Key) => Value {
  let last: { readonly key: Key; readonly value: Value } | undefined
  return (key) => {
    if (last === undefined || !same(last.key, key)) last = { key, value: find(key) }
    return last.value
  }
}
