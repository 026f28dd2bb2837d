// Every statement and expression of the schema: as JSON that is sent, and as native syntax.

import { EXPRESSIONS } from "./expression-rows.ts"
import type { RuleRow } from "./rule-row.ts"
import { STATEMENTS } from "./statement-rows.ts"

export const RULE_ROWS: readonly RuleRow[] = [
  ...Object.values(STATEMENTS),
  ...Object.values(EXPRESSIONS),
].flat()
