// The status of an enforcer that has nothing to complain of.

import { noCounts } from "../../src/agent/event.ts"
import type { EnforcerStatus } from "../../src/agent/status.ts"

export const enforcerStatus = (rest: Partial<EnforcerStatus> = {}): EnforcerStatus => ({
  wanted: 5,
  revision: 5,
  generation: 1,
  error: undefined,
  isolated: [],
  failedClosed: [],
  problems: [],
  addresses: [],
  isWatching: true,
  observing: false,
  sizes: { chains: 1, sets: 2, elements: 3 },
  counters: noCounts(),
  ...rest,
})
