// What an enforcer is made with.

import type { Nft } from "nftables-json/nft"
import type { EnforcerEvent } from "./event.ts"
import type { Host } from "./host.ts"
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
  /**
   * libcni's cache of results: CNI_RESULTS below on most nodes. Where a container runtime was told another cache
   * directory its folder `results` is one more.
   */
  readonly cniResults?: readonly string[]
  /** Identifies the boot; read from the kernel by default. */
  readonly bootId?: string
  /** Milliseconds between full checks, which find what events did not tell; 60,000 by default. */
  readonly checkEveryMs?: number
  readonly onEvent?: (event: EnforcerEvent) => void
}

/** libcni's CacheDir and what it appends (api.go of libcni 0.7 to 1.3); containerd and CRI-O leave it as it is. */
export const CNI_RESULTS = "/var/lib/cni/results"
