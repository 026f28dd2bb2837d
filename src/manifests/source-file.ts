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

/** Line and column of the offsets of one text. */
export interface Lines {
  readonly positionOf: (offset: number) => SourcePosition
  /** A line's text, without its end; undefined past the last one. */
  readonly lineOf: (line: number) => string | undefined
}

export function linesOf(file: string, text: string): Lines {
  let known: readonly number[] | undefined
  const starts = (): readonly number[] => (known ??= lineStarts(text))
  return {
    positionOf: (offset) => {
      const line = lastAtMost(starts(), offset)
      return { file, line: line + 1, column: offset - (starts()[line] ?? 0) + 1 }
    },
    lineOf: (line) => {
      const start = starts()[line - 1]
      if (start === undefined) return undefined
      return text.slice(start, starts()[line] ?? text.length).replace(/\r?\n$/, "")
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
