// What a command says and how it ends. Only main.ts writes to the terminal.

import type { Diagnostic } from "../api/diagnostic.ts"
import type { SourceLine } from "../manifests/read-manifests.ts"

/** 0 answered, 1 bad news (an expectation not met), 2 bad input, 3 a broken environment. */
export type ExitStatus = 0 | 1 | 2 | 3

export interface Outcome {
  readonly status: ExitStatus
  /** For standard output. */
  readonly output: string
  /** It is lines for people: a terminal that is too narrow for one may have it broken. */
  readonly isProse?: boolean
  /** For standard error. */
  readonly diagnostics: readonly Diagnostic[]
  /** The text that a diagnostic points at. */
  readonly sourceLine?: SourceLine
}

/** With an error nothing but the diagnostics is printed. */
export function answered(output: string, diagnostics: readonly Diagnostic[] = []): Outcome {
  return { status: 0, output, diagnostics }
}

export function refused(diagnostics: readonly Diagnostic[]): Outcome {
  return { status: 2, output: "", diagnostics }
}
