// How patient a list-watch is.

import { defaultRetryTiming, type RetryTiming } from "./retry-delay.ts"

export interface WatchTiming extends RetryTiming {
  /** Bookmarks come about once a minute: a stream that is silent longer is taken for dead. */
  readonly idleMs: number
  /** The server ends a watch after this long to twice this long. */
  readonly watchMs: number
}

export const defaultTiming: WatchTiming = { ...defaultRetryTiming, idleMs: 90_000, watchMs: 300_000 }
