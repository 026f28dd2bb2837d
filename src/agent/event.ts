// What an enforcer tells those who run it: the controller's acknowledgement, the log, the metrics.

import type { NftError } from "nftables-json/errors"
import type { Problem } from "./problem.ts"

/** Why the kernel's table was compared with what is wanted. */
export type Reason =
  | "start"
  | "replace"
  | "update"
  /** CNI results have come or gone. */
  | "endpoints"
  | "observe"
  | "surroundings"
  | "event"
  | "periodic"
  | "verify"

/** Reasons for which a difference is somebody else's doing. */
export const WATCHING: ReadonlySet<Reason> = new Set<Reason>(["event", "periodic", "start", "verify"])

export type EnforcerEvent =
  | {
      readonly kind: "applied"
      readonly reason: Reason
      readonly revision: number
      readonly generation: number
      readonly commands: number
      readonly milliseconds: number
    }
  /** Somebody else had changed our tables; it is undone. */
  | { readonly kind: "repaired"; readonly reason: Reason; readonly commands: number }
  /** The kernel prints something other than what it was given, and writing it again does not change that. */
  | { readonly kind: "difference-stays"; readonly commands: number; readonly first: string }
  | { readonly kind: "refused"; readonly error: NftError; readonly attempt: number }
  | {
      readonly kind: "isolated"
      readonly object: string
      readonly error: NftError
      readonly addresses: readonly string[]
    }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] }
  | { readonly kind: "cache-unreadable"; readonly reason: string }
  | { readonly kind: "adopted"; readonly revision: number }
  | { readonly kind: "monitor-restarted"; readonly monitor: string; readonly reason: string }
  /** From a CNI result until the kernel judged the pod's address by its policies. */
  | { readonly kind: "programmed"; readonly milliseconds: number }
  | { readonly kind: "forgot"; readonly addresses: readonly string[] }
  /** Something that is tried again; what is in force stays in force. */
  | { readonly kind: "failed"; readonly what: string; readonly error: unknown }

export interface Counters {
  applied: number
  repaired: number
  refused: number
  generations: number
  checks: number
  monitorRestarts: number
  forgotten: number
}

export function noCounts(): Counters {
  return { applied: 0, repaired: 0, refused: 0, generations: 0, checks: 0, monitorRestarts: 0, forgotten: 0 }
}
