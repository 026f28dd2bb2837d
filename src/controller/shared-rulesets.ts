// Rulesets of many nodes that begin at once: what they share is rendered, named and encoded once.

import type { Ruleset, RulesetObject } from "nftables-json/schema"
import type { Program } from "../compile/program.ts"
import type { RulesetOptions } from "../compile/ruleset/options.ts"
import { createNodeRenderer } from "../compile/ruleset/render-node.ts"
import { type ObjectDigests, rulesetDigest } from "../wire/digest.ts"

/** Good until the program or the settings change. */
export interface SharedRulesets {
  of(node: string): RenderedRuleset
}

export interface RenderedRuleset {
  readonly ruleset: Ruleset
  readonly digest: string
  /** See encodeRuleset. */
  readonly texts: WeakMap<RulesetObject, string>
}

export function createSharedRulesets(program: Program, options: RulesetOptions): SharedRulesets {
  const render = createNodeRenderer(program, options)
  const digests: ObjectDigests = new WeakMap()
  const texts = new WeakMap<RulesetObject, string>()
  return {
    of: (node) => {
      const ruleset = render(node)
      return { ruleset, texts, digest: rulesetDigest(ruleset, digests) }
    },
  }
}
