// Enforcement on one node: keeps the kernel's tables equal to the node's ruleset, from before the first word of a
// controller until long after the last.
//
// The ruleset stays in the kernel when the agent ends, however it ends.

import type { Nft } from "nftables-json/nft"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import type { EnforcerEvent } from "./event.ts"
import type { Host } from "./host.ts"
import { NodeEnforcer } from "./node-enforcer.ts"
import type { EnforcerStatus } from "./status.ts"
import type { UnknownPods } from "./wanted.ts"

export interface EnforcerOptions {
  /** Both act in the network namespace of the node. */
  readonly nft: Nft
  readonly host: Host
  /** Where the last program is kept; it must outlive the agent, and should outlive the node's boot. */
  readonly directory: string
  /** Bits of the connection mark that carry the generation; 0xff000000 by default. */
  readonly mask?: number
  readonly unknownPods?: UnknownPods
  readonly bridgeFilter?: "check" | "set"
  /** libcni's cache directory, /var/lib/cni/results on most nodes. */
  readonly cniResults?: string
  /** Identifies the boot; read from the kernel by default. */
  readonly bootId?: string
  /** Milliseconds between full checks, which find what events did not tell; 60,000 by default. */
  readonly checkEveryMs?: number
  readonly onEvent?: (event: EnforcerEvent) => void
}

export interface Enforcer {
  /** Enforces what was enforced last. Rejects with EnforcerError where this node cannot enforce anything. */
  start(): Promise<void>
  /** Resolves when new and live connections obey the ruleset. What NftError it rejects with is in the status, too. */
  replace(node: NodeRuleset): Promise<void>
  /** As replace; rejects with EnforcerError "out-of-step" where `from` is not the revision before it. */
  update(update: NodeUpdate): Promise<void>
  /** Compares the kernel's tables with what is wanted, and repairs them. */
  check(): Promise<void>
  status(): EnforcerStatus
  /** Ends the agent's part; the rules stay. Does not close `nft`. */
  close(): Promise<void>
}

export function createEnforcer(options: EnforcerOptions): Enforcer {
  return new NodeEnforcer(options)
}
