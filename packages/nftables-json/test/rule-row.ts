// A rule as JSON that is sent, and as native syntax.

import type { Statement } from "../src/schema.ts"

export interface RuleRow {
  readonly statements: readonly Statement[]
  readonly text: string
  /** Where it can stand; filter in forward if not given. */
  readonly base?: string
  /** What this nft (1.0.6) or kernel says of it. */
  readonly refusal?: RegExp
}

export type KeysOf<T> = T extends unknown ? keyof T : never

export const PREROUTING = "type filter hook prerouting priority 0;"

export function row(text: string, ...statements: readonly Statement[]): RuleRow {
  return { statements, text }
}
