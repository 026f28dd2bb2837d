// Where a command's outcome goes.

import { diagnosticText } from "./diagnostic-text.ts"
import type { Outcome } from "./outcome.ts"
import type { Palette } from "./palette.ts"

export interface Terminal {
  /** For what goes to standard output. */
  readonly palette: Palette
  readonly finish: (outcome: Outcome) => void
}

/** A stream that text can be written to. */
export interface Sink {
  readonly write: (text: string) => unknown
}

export interface Streams {
  readonly output: Sink
  readonly errors: Sink
  readonly errorPalette: Palette
}

/** Standard output stays empty where there is an error, so that a pipe never gets half an answer. */
export function printOutcome({ output, diagnostics }: Outcome, streams: Streams): void {
  for (const each of diagnostics) streams.errors.write(`${diagnosticText(each, streams.errorPalette)}\n`)
  if (output !== "") streams.output.write(output)
}
