// From a snapshot to rules in force on every node of a lab: compile, render, and an agent for each node.

import { join } from "node:path"
import { createOneShot } from "nftables-json/one-shot"
import type { Ruleset } from "nftables-json/schema"
import { createEnforcer, type Enforcer } from "../../agent/enforcer.ts"
import { createHost } from "../../agent/host.ts"
import { compile } from "../../compile/compile.ts"
import { defaultRulesetOptions } from "../../compile/ruleset/options.ts"
import { renderNode } from "../../compile/ruleset/render-node.ts"
import type { Snapshot } from "../../compile/snapshot.ts"
import { lower } from "../../kinds/registry.ts"
import type { Lab, LabNode } from "../../lab/lab.ts"

interface Sizes {
  readonly chains: number
  readonly sets: number
  readonly elements: number
}

export interface Enforced {
  /** Of all nodes together. */
  readonly sizes: Sizes
  readonly milliseconds: { readonly compile: number; readonly apply: number }
  /** Packets that were dropped on any node since the rules are in force. */
  droppedPackets(): Promise<number>
  /** Ends the agents; the rules stay. */
  close(): Promise<void>
}

export async function enforce(snapshot: Snapshot, lab: Lab): Promise<Enforced> {
  const started = performance.now()
  const program = compile(snapshot, { lower })
  const rulesets = lab.nodes.map((node) => ({
    node,
    ruleset: renderNode(program, node.name, defaultRulesetOptions),
  }))
  const compiled = performance.now()
  const enforcers = await Promise.all(rulesets.map(({ node, ruleset }) => enforceOn(node, ruleset, lab)))
  return {
    sizes: sizesOf(rulesets.flatMap(({ ruleset }) => ruleset)),
    milliseconds: { compile: compiled - started, apply: performance.now() - compiled },
    droppedPackets: async () => {
      const counts = await Promise.all(lab.nodes.map((node) => droppedPackets(node, lab)))
      return counts.reduce((total, each) => total + each, 0)
    },
    close: async () => {
      await Promise.all(enforcers.map((enforcer) => enforcer.close()))
    },
  }
}

async function enforceOn(node: LabNode, ruleset: Ruleset, lab: Lab): Promise<Enforcer> {
  const prefix = lab.enter(node.reference)
  const enforcer = createEnforcer({
    nft: createOneShot({ command: [...prefix, "nft"] }),
    host: createHost({ prefix }),
    directory: join(lab.directory, "agent", node.name),
    cniResults: [node.cniResultsDirectory],
  })
  await enforcer.start()
  await enforcer.replace({ revision: 1, ruleset })
  return enforcer
}

function sizesOf(ruleset: Ruleset): Sizes {
  const sizes = ruleset.flatMap((object) => {
    if ("set" in object) return [sizeOf(object.set.elem)]
    return "map" in object ? [sizeOf(object.map.elem)] : []
  })
  return {
    chains: ruleset.filter((object) => "chain" in object).length,
    sets: sizes.length,
    elements: sizes.reduce((total, each) => total + each, 0),
  }
}

function sizeOf(elements: unknown): number {
  return Array.isArray(elements) ? elements.length : 0
}

/** Every chain that drops counts what it drops. */
async function droppedPackets(node: LabNode, lab: Lab): Promise<number> {
  const nft = createOneShot({ command: [...lab.enter(node.reference), "nft"] })
  const ruleset = await nft.list({ kind: "table", family: "inet", name: "postern" })
  const counted = ruleset.flatMap((object) =>
    "rule" in object && /^(deny|drop)_/.test(object.rule.chain) ? object.rule.expr : [],
  )
  return counted.reduce((total, statement) => {
    const counter = "counter" in statement ? statement.counter : null
    const isCount = typeof counter === "object" && counter !== null && "packets" in counter
    return total + (isCount && typeof counter.packets === "number" ? counter.packets : 0)
  }, 0)
}
