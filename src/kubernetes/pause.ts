// A wait that ends early when it is not wanted any more.

import { setTimeout } from "node:timers/promises"

/** Never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal })
  } catch {
    // Whoever waits looks at the signal.
  }
}
