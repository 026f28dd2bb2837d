// Where a command's outcome goes.

import type { Severity } from "../api/diagnostic.ts"
import { formatDiagnostic } from "../manifests/format.ts"
import type { Outcome } from "./outcome.ts"
import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"

/** What goes to standard output is drawn for its screen. */
export interface Terminal extends Screen {
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
export function printOutcome({ output, diagnostics, sourceLine }: Outcome, streams: Streams): void {
  for (const each of diagnostics) {
    const head = `${each.severity} ${each.code}`
    const painted = streams.errorPalette[inks[each.severity]](head)
    streams.errors.write(`${formatDiagnostic(each, sourceLine).replace(head, () => painted)}\n`)
  }
  if (output !== "") streams.output.write(output)
}

const inks = { error: "bad", warning: "warn", note: "dim" } as const satisfies Record<Severity, keyof Palette>
