// What a watch tells of itself, for log and metrics.

export type WatchEvent =
  | {
      readonly kind: "listed"
      readonly resource: string
      readonly how: "list" | "watch-list"
      readonly objects: number
      readonly changes: number
      readonly milliseconds: number
    }
  /** The version that is held is too old: everything is listed again. */
  | { readonly kind: "expired"; readonly resource: string; readonly error: Error }
  /** The server has no WatchList: from now on lists are read in pages. */
  | { readonly kind: "watch-list-refused"; readonly resource: string; readonly error: Error }
  | {
      readonly kind: "failed"
      readonly resource: string
      readonly error: Error
      readonly retryInMs: number
    }
  /** The server answers once more after a failure, and goes on from the version that is held. */
  | { readonly kind: "resumed"; readonly resource: string }
  /** The server has something that the watch has not brought: its stream begins anew. */
  | { readonly kind: "stale"; readonly resource: string }
  /** New pods that were let in although not all is known that decides over them. */
  | {
      readonly kind: "unproven"
      readonly resource: string
      /** The first of them. */
      readonly pods: readonly string[]
      readonly count: number
      readonly reason: string
    }
  /** A kind whose CRD is not installed. */
  | { readonly kind: "absent"; readonly resource: string }
  | {
      readonly kind: "odd-object"
      readonly resource: string
      readonly object: string
      readonly mistake: string
    }

export interface WatchStatus {
  readonly resource: string
  readonly state: "stopped" | "listing" | "watching" | "waiting" | "absent"
  readonly synced: boolean
  readonly objects: number
  /** How often a stream has been opened, the first time included. */
  readonly streams: number
  /** Milliseconds since the server said anything, bookmarks included, or took a stream; undefined before the first time. */
  readonly silentMs: number | undefined
  /** resourceVersion of the newest object or deletion that was told; "" before the first. */
  readonly newest: string
  /** Everything up to this version has been told; "" where that is not known. */
  readonly reached: string
  /** Why it waits. */
  readonly error: Error | undefined
}
