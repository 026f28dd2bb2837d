// A change of a live ruleset in three transactions, so that no packet meets a half of it.
//
// Replacing an interval set, a map or a chain inside one transaction lets packets in flight miss
// (measured on Linux 6.18); unreferenced additions, then one flip, then deletions do not.

import type { Transaction } from "./schema.ts"

export interface Plan {
  /** New tables, sets, maps with their elements, and non-base chains with their rules; nothing refers to them yet. May be split. */
  readonly add: Transaction
  /** Base chains and their rules, members of hash sets, dispatch elements: one transaction. */
  readonly flip: Transaction
  /** What nothing names any more. */
  readonly remove: Transaction
}
