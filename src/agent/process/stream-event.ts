// What a stream client tells those who run it: the log, the metrics, the reports.

import type { StreamError } from "./stream-error.ts"

export type StreamEvent =
  | { readonly kind: "connected"; readonly replica: string; readonly version: string }
  /** The stream ended, or did not come about; the next replica is tried after `waitMs`. */
  | {
      readonly kind: "disconnected"
      readonly replica: string
      readonly error: StreamError
      readonly waitMs: number
    }
  /** Live connections obey it, so many milliseconds after it had come. */
  | {
      readonly kind: "in-force"
      readonly message: "ruleset" | "unchanged" | "update"
      readonly revision: number
      readonly milliseconds: number
    }
  | { readonly kind: "refused"; readonly revision: number; readonly error: unknown }
  | { readonly kind: "failed"; readonly what: string; readonly error: unknown }
