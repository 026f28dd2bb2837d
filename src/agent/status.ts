// What an enforcer says of itself.

import type { Counters } from "./event.ts"
import type { Problem } from "./problem.ts"
import type { ProgramSizes } from "./program-sizes.ts"

export interface EnforcerStatus {
  /** The revision that was asked for; 0 for what a reboot leaves of the last one, undefined before the first. */
  readonly wanted: number | undefined
  /** The revision that the kernel enforces, for live connections too. */
  readonly revision: number | undefined
  readonly generation: number | undefined
  /** Why the wanted revision is not in force; undefined where it is. */
  readonly error: string | undefined
  /** Objects that the kernel refused, with its words. */
  readonly isolated: readonly IsolatedObject[]
  /** Addresses of pods that fail closed because of them. */
  readonly failedClosed: readonly string[]
  readonly problems: readonly Problem[]
  /** Of the node itself, tunnels and bridges included: the controller counts them as the node's. */
  readonly addresses: readonly string[]
  /** nftables events come through. */
  readonly isWatching: boolean
  /** Somebody on the node has switched every drop off. */
  readonly observing: boolean
  /** Of the program that is held. */
  readonly sizes: ProgramSizes
  readonly counters: Readonly<Counters>
}

/** What to tell a controller of the program, so that it does not send again what is here. */
export interface Held {
  /** 0 for nothing. */
  readonly revision: number
  /** rulesetDigest of the program with its updates; "" for nothing. */
  readonly digest: string
  readonly asOf: string
}

export interface IsolatedObject {
  /** "family table name". */
  readonly object: string
  readonly error: string
}
