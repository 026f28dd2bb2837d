// Polling, with a limit that a loaded machine does not reach.

import { setTimeout } from "node:timers/promises"

const WITHIN_MS = 120_000

/** Whether it came to hold. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + WITHIN_MS; !(await holds()); await setTimeout(20)) {
    if (Date.now() > end) return false
  }
  return true
}
