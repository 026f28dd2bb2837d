// Rulesets of many nodes that begin at once: what they share is rendered, named and encoded once.

import type { Ruleset, RulesetObject } from "nftables-json/schema"
import type { Program } from "../compile/program.ts"
import type { RulesetOptions } from "../compile/ruleset/options.ts"
import { createNodeRenderer } from "../compile/ruleset/render-node.ts"
import type { DigestTexts } from "../wire/digest.ts"

export interface SharedRulesets {
  readonly render: (node: string) => Ruleset
  readonly digestTexts: DigestTexts
  readonly texts: WeakMap<RulesetObject, string>
}

export function createShared(program: Program, options: RulesetOptions): SharedRulesets {
  return { render: createNodeRenderer(program, options), digestTexts: new WeakMap(), texts: new WeakMap() }
}
