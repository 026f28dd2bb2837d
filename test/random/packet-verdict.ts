// What the compiled rulesets of all nodes do to a connection, in the packet evaluator.

import { evaluate, type Prepared, prepare } from "nftables-json/evaluate"
import type { Ruleset } from "nftables-json/schema"
import type { Program } from "../../src/compile/program.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Connection, Verdict } from "../../src/explain/evaluate.ts"
import type { World } from "../../src/explain/world.ts"
import { environmentOf, type Step, vethOf, walkOf } from "./walk.ts"

/** A ruleset for every node, as its agent has it in force. */
export type Enforced = ReadonlyMap<string, Prepared>

export interface PacketVerdict {
  readonly original: Verdict
  readonly reply: Verdict
}

export function enforce(program: Program, world: World): Enforced {
  return new Map(
    [...program.nodes.keys()].map((node) => {
      const ruleset = renderNode(program, node, defaultRulesetOptions)
      return [node, prepare(withPodInterfaces(ruleset, podInterfaces(node, world)))]
    }),
  )
}

/** The original packet of a new connection, and a reply whose connection mark tells nothing. */
export function packetVerdict(connection: Connection, enforced: Enforced, world: World): PacketVerdict {
  const { original, reply } = walkOf(connection, world)
  return { original: verdictOf(original, enforced, world), reply: verdictOf(reply, enforced, world) }
}

function verdictOf(steps: readonly Step[], enforced: Enforced, world: World): Verdict {
  const passes = steps.every(({ node, packet }) => {
    const prepared = enforced.get(node)
    if (prepared === undefined) throw new Error(`no ruleset for ${node}`)
    return evaluate(prepared, packet, environmentOf(node, world)).verdict === "accept"
  })
  return passes ? "Allow" : "Deny"
}

function podInterfaces(node: string, { snapshot }: World): readonly string[] {
  const local = snapshot.pods.filter((pod) => pod.node === node && !pod.hostNetwork && !pod.finished)
  return local.map(vethOf)
}

/** The agent's part. */
function withPodInterfaces(ruleset: Ruleset, interfaces: readonly string[]): Ruleset {
  return ruleset.map((object) =>
    "set" in object && object.set.name === "pod_interfaces" && interfaces.length > 0
      ? { set: { ...object.set, elem: interfaces } }
      : object,
  )
}
