// The one door to nftables: a transaction goes in, a ruleset comes out.
//
// Two methods and nothing else, so that a fake can stand for the kernel. Both reject with NftError.

import type { Family, Ruleset, Transaction } from "./schema.ts"

export interface Nft {
  /** Applies the transaction whole or not at all. */
  run(transaction: Transaction): Promise<void>
  /** What `nft -j list` prints for the scope (everything by default), handles included. */
  list(scope?: ListScope): Promise<Ruleset>
  close(): Promise<void>
}

export type ListScope =
  | { readonly kind: "ruleset" }
  | { readonly kind: "table"; readonly family: Family; readonly name: string }
  | {
      readonly kind: "set" | "map" | "chain"
      readonly family: Family
      readonly table: string
      readonly name: string
    }
  /** Tables alone, without their content. */
  | { readonly kind: "tables" }
  /** Every chain of every table, without its rules. */
  | { readonly kind: "chains" }
