// Bodies of answers, read within bounds.

import { AnswerTooLargeError } from "./api-error.ts"

export type Chunks = AsyncIterable<Uint8Array>

/** The whole body; throws where it is longer than `limit` bytes, without reading on. */
export async function readText(chunks: Chunks, limit: number, what: string): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > limit) throw new AnswerTooLargeError(what, limit)
    parts.push(chunk)
  }
  return Buffer.concat(parts, length).toString("utf8")
}

const NEWLINE = 10

/** The complete lines of a stream. What follows the last newline was cut off, and is dropped. */
export async function* readLines(chunks: Chunks, limit: number, what: string): AsyncGenerator<string, void> {
  let kept: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from)
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end)
      length += piece.length
      if (length > limit) throw new AnswerTooLargeError(what, limit)
      if (piece.length > 0) kept.push(piece)
      if (end < 0) break
      const [only] = kept
      const whole = kept.length === 1 && only !== undefined ? Buffer.from(only) : Buffer.concat(kept, length)
      if (length > 0) yield whole.toString("utf8")
      kept = []
      length = 0
      from = end + 1
    }
  }
}
