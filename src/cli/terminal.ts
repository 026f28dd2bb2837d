// Where a command's outcome goes.

import type { Severity } from "../api/diagnostic.ts"
import { formatDiagnostic } from "../manifests/format.ts"
import type { Outcome } from "./outcome.ts"
import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import { folded } from "./text-layout.ts"

/** What goes to standard output is drawn for its screen. */
export interface Terminal extends Screen {
  readonly finish: (outcome: Outcome) => void
}

/** A stream that text can be written to. */
export interface Sink {
  readonly write: (text: string) => unknown
  readonly isTTY?: boolean
  /** Of a terminal; one that does not tell says 0. */
  readonly columns?: number
}

export interface Streams {
  readonly output: Sink
  readonly errors: Sink
  readonly errorPalette: Palette
}

/** Standard output stays empty where there is an error, so that a pipe never gets half an answer. */
export function printOutcome(outcome: Outcome, { output, errors, errorPalette }: Streams): void {
  const columns = columnsOf(errors)
  for (const each of outcome.diagnostics) {
    const head = `${each.severity} ${each.code}`
    const text = formatDiagnostic(each, outcome.sourceLine, columns)
    const painted = text.replace(head, () => errorPalette[inks[each.severity]](head))
    errors.write(`${fitted(painted, columns)}\n`)
  }
  if (outcome.output !== "") {
    output.write(outcome.isProse === true ? fitted(outcome.output, columnsOf(output)) : outcome.output)
  }
}

/** Undefined where lines may be as long as they are: what reads a pipe looks for whole ones. */
function columnsOf({ isTTY, columns = 0 }: Sink): number | undefined {
  return isTTY === true && columns > 0 ? Math.max(FEWEST_COLUMNS, columns) : undefined
}

/** In less than this, text would be a column of words. */
const FEWEST_COLUMNS = 40

function fitted(text: string, columns: number | undefined): string {
  return columns === undefined ? text : folded(text, columns)
}

const inks = { error: "bad", warning: "warn", note: "dim" } as const satisfies Record<Severity, keyof Palette>
