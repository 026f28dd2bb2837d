// The form of a diagnostic code.

import type { Severity } from "../diagnostic.ts"

export interface CodeEntry {
  readonly code: `PNP${number}`
  readonly severity: Severity
  readonly title: string
  /** The message; {name} stands for a value. */
  readonly template: string
  /** What to do about it; the same in every case. */
  readonly remedy: string
}

export type CodeTable = Readonly<Record<string, CodeEntry>>
