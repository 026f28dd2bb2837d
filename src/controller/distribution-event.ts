// What distribution tells those who measure it.

export type DistributionEvent =
  | { readonly kind: "attached" | "detached"; readonly node: string; readonly streams: number }
  /** A batch went through the engine. */
  | { readonly kind: "compiled"; readonly changes: number; readonly seconds: number }
  /** The updates of a batch were written to so many streams. */
  | { readonly kind: "delivered"; readonly streams: number; readonly seconds: number }
  /** A whole ruleset was rendered, and sent where the agent did not hold it. */
  | {
      readonly kind: "whole"
      readonly node: string
      readonly message: "ruleset" | "unchanged"
      readonly seconds: number
    }
  /** A report has acknowledged the newest message it could; seconds since that was written. */
  | { readonly kind: "acknowledged"; readonly node: string; readonly seconds: number }
  /** A slow reader misses updates and gets a whole ruleset later. */
  | { readonly kind: "reset"; readonly node: string }
