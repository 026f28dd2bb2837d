// Whatever of a cluster's rulesets can drop a packet.

import type { RulesetObject } from "nftables-json/schema"
import { compile } from "../../src/compile/compile.ts"
import type { EngineOptions } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Snapshot } from "../../src/compile/snapshot.ts"

/** Rules, maps and base chains of every node, fixed ones included. */
export function dropsOf(snapshot: Snapshot, options: EngineOptions): readonly RulesetObject[] {
  const program = compile(snapshot, options)
  const { enforcement = "enforce" } = options
  const rulesets = [...program.nodes.keys()].map((node) =>
    renderNode(program, node, { ...defaultRulesetOptions, enforcement }),
  )
  return rulesets.flat().filter((object) => /"(drop|reject)":|"policy":"drop"/.test(JSON.stringify(object)))
}
