// A file that manifests came from: its text, and what line and column a place in it is.
//
// Regular files are read again when a position is asked for, so that nothing but the objects stays in memory.

import type { SourcePosition } from "../api/diagnostic.ts"

export type Format = "yaml" | "json"

export interface SourceFile {
  /** As the user named it; "-" for standard input. */
  readonly name: string
  readonly text: () => string
}

/** Finds positions; remembers the line starts of the file it was asked about last. */
export interface Lines {
  readonly positionOf: (file: SourceFile, offset: number) => SourcePosition
  /** A line's text, without its end; undefined past the last one. */
  readonly lineOf: (file: SourceFile, line: number) => string | undefined
  readonly textOf: (file: SourceFile) => string
}

interface Remembered {
  readonly file: SourceFile
  readonly text: string
  readonly starts: readonly number[]
}

export function linesOf(): Lines {
  let last: Remembered | undefined
  const remembered = (file: SourceFile): Remembered => {
    if (last?.file !== file) {
      const text = file.text()
      last = { file, text, starts: lineStarts(text) }
    }
    return last
  }
  return {
    textOf: (file) => remembered(file).text,
    positionOf: (file, offset) => {
      const { starts } = remembered(file)
      const line = lastAtMost(starts, offset)
      return { file: file.name, line: line + 1, column: offset - (starts[line] ?? 0) + 1 }
    },
    lineOf: (file, line) => {
      const { text, starts } = remembered(file)
      const start = starts[line - 1]
      return start === undefined
        ? undefined
        : text.slice(start, starts[line] ?? text.length).replace(/\r?\n$/, "")
    },
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1)
  return starts
}

/** Index of the last start that is not behind the offset. */
function lastAtMost(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
