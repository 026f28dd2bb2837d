// A mistake at a place of a text that is not, or not yet, an object.

import type { Diagnostic } from "../api/diagnostic.ts"

export interface Mistake {
  readonly diagnostic: Diagnostic
  /** In the text that was read. */
  readonly offset: number
}
