// What the fixed chains are written for.

import type { Chain } from "nftables-json/schema"
import type { AddressFamily } from "../snapshot.ts"
import type { ChainRule } from "./class-pieces.ts"
import type { RulesetOptions } from "./options.ts"

export interface Surroundings {
  readonly families: readonly AddressFamily[]
  /** Names of the interval sets of the node's pod ranges, by family. */
  readonly local: ReadonlyMap<AddressFamily, string>
  /** An ingress class on this node can deny. */
  readonly isolatesIngress: boolean
  readonly options: RulesetOptions
}

export interface SkeletonChain {
  readonly chain: Chain
  readonly rules: readonly ChainRule[]
}
