// An enforcer without a kernel: it holds what its messages make of what it held.

import type { Ruleset } from "nftables-json/schema"
import { EnforcerError } from "../../src/agent/enforcer-error.ts"
import { type HeldProgram, holdProgram } from "../../src/agent/held-program.ts"
import type { ProgramTarget } from "../../src/agent/process/program-feed.ts"
import { rulesetDigest } from "../../src/wire/digest.ts"

export interface HoldingTarget extends ProgramTarget {
  /** Kinds of what came, in order. */
  readonly kinds: string[]
  readonly revision: number
  ruleset(): Ruleset
}

export function createHoldingTarget(): HoldingTarget {
  const kinds: string[] = []
  let program: HeldProgram | undefined
  let asOf = ""
  const ruleset = (): Ruleset => program?.whole().ruleset ?? []
  const take = (kind: string, next: { readonly asOf?: string }): void => {
    kinds.push(kind)
    asOf = next.asOf ?? asOf
  }
  return {
    kinds,
    ruleset,
    get revision() {
      return program?.revision ?? 0
    },
    held: () => ({
      revision: program?.revision ?? 0,
      digest: program === undefined ? "" : rulesetDigest(ruleset()),
      asOf,
    }),
    connections: async () => [],
    replace: async (node) => {
      take("ruleset", node)
      program = holdProgram(node)
    },
    unchanged: async (node) => {
      take("unchanged", node)
      program = holdProgram({ ...node, ruleset: ruleset() })
    },
    update: async (update) => {
      take("update", update)
      if (program === undefined || update.from !== program.revision)
        throw new EnforcerError("out-of-step", `${update.from} does not follow ${program?.revision}`)
      program.advance(update)
    },
  }
}
