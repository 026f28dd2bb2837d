// What the deny chains that agents count stand for, looked up once: a chain's name says all that it is made of.

import type { Program } from "../../compile/program.ts"
import { type DenyName, denyNames } from "../../compile/ruleset/deny-names.ts"
import type { RulesetOptions } from "../../compile/ruleset/options.ts"

export interface DenyChainsOptions {
  readonly program: () => Program
  readonly ruleset: () => RulesetOptions
}

export type FindDenyChain = (node: string, chain: string) => DenyName | undefined

/** Chains that are remembered, of all that ever were. */
const MOST_CHAINS = 20_000

export function createDenyChains({ program, ruleset }: DenyChainsOptions): FindDenyChain {
  const known = new Map<string, DenyName>()
  return (node, chain) => {
    const found = known.get(chain)
    // The fixed drops are of no policy.
    if (found !== undefined || !chain.startsWith("deny_")) return found
    if (known.size > MOST_CHAINS) known.clear()
    for (const [name, about] of denyNames(program(), node, ruleset())) known.set(name, about)
    return known.get(chain)
  }
}
