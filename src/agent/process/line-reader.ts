// NDJSON as it comes from a socket: whole lines out of pieces, each byte copied once.

import { StreamError } from "./stream-error.ts"

const NEWLINE = 0x0a

/** What a line may have: a program of a node with 100,000 addresses has about 5 MB. */
const MOST_LINE_BYTES = 64 * 1024 * 1024

export interface Line {
  readonly text: string
  readonly bytes: number
}

/** Reads on only when the next line is asked for. A line that is cut off at the end is not a line. */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number = MOST_LINE_BYTES,
): AsyncGenerator<Line> {
  let parts: Uint8Array[] = []
  let bytes = 0
  const take = (part: Uint8Array): void => {
    bytes += part.length
    if (bytes > mostBytes) {
      throw new StreamError({ code: "malformed", message: `a line is longer than ${mostBytes} bytes` })
    }
    parts.push(part)
  }
  for await (const piece of pieces) {
    let start = 0
    for (;;) {
      const end = piece.indexOf(NEWLINE, start)
      if (end === -1) break
      take(piece.subarray(start, end))
      const line = { text: Buffer.concat(parts, bytes).toString("utf8"), bytes }
      parts = []
      bytes = 0
      start = end + 1
      yield line
    }
    if (start < piece.length) take(piece.subarray(start))
  }
}
