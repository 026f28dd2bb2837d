// Enforcement on one node: keeps the kernel's tables equal to the node's ruleset, from before the first word of a
// controller until long after the last.
//
// The ruleset stays in the kernel when the agent ends, however it ends.

import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import type { DenyCount } from "./deny-counts.ts"
import type { EnforcerOptions } from "./enforcer-options.ts"
import { NodeEnforcer } from "./node-enforcer.ts"
import type { EnforcerStatus, Held } from "./status.ts"

export interface Enforcer {
  /** Enforces what was enforced last. Rejects with EnforcerError where this node cannot enforce anything. */
  start(): Promise<void>
  /** Resolves when new and live connections obey the ruleset. What NftError it rejects with is in the status, too. */
  replace(node: NodeRuleset): Promise<void>
  /** As replace; rejects with EnforcerError "out-of-step" where `from` is not the revision before it. */
  update(update: NodeUpdate): Promise<void>
  /** The ruleset that is held is right, under this number. Rejects with EnforcerError "out-of-step" where none is held. */
  unchanged(node: Omit<NodeRuleset, "ruleset">): Promise<void>
  /** What to tell a controller, so that it does not send again what is here. */
  held(): Held
  /**
   * While it is on every drop of our tables lets pass, counted and logged as before; kept on disk. Resolves when the
   * kernel obeys, at once where no program is held.
   */
  observe(on: boolean): Promise<void>
  /** Addresses at the ends of live connections, the node's own and loopback left out; at most so many. */
  connections(limit: number): Promise<readonly string[]>
  /** What was denied since this object was made, by chain; never falls, also where a chain is written anew. */
  denied(): Promise<readonly DenyCount[]>
  /** Compares the kernel's tables with what is wanted, and repairs them. */
  check(): Promise<void>
  status(): EnforcerStatus
  /** Ends the agent's part; the rules stay. Does not close `nft`. */
  close(): Promise<void>
}

export function createEnforcer(options: EnforcerOptions): Enforcer {
  return new NodeEnforcer(options)
}
