// One line on a terminal that says what is going on, and is gone when it is done. Nothing where nobody looks.

export interface LineStream {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

export interface TransientLine {
  readonly show: (text: string) => void
  readonly clear: () => void
}

/** A terminal is not asked to draw more often than this. */
const EVERY_MS = 80

export function createTransientLine(
  stream: LineStream = process.stderr,
  clock: () => number = () => performance.now(),
): TransientLine {
  let shown = -Infinity
  if (stream.isTTY !== true) return { show: () => undefined, clear: () => undefined }
  return {
    show: (text) => {
      const now = clock()
      if (now - shown < EVERY_MS) return
      shown = now
      stream.write(`\r${text}\u001b[K`)
    },
    clear: () => {
      if (shown !== -Infinity) stream.write("\r\u001b[K")
      shown = -Infinity
    },
  }
}
