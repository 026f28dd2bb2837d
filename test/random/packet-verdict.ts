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
  /** The original packet was counted as one that would be denied. */
  readonly isObserved: boolean
}

export function enforce(program: Program, world: World): Enforced {
  const options = { ...defaultRulesetOptions, enforcement: world.settings.enforcement }
  return new Map(
    [...program.nodes.keys()].map((node) => {
      const ruleset = renderNode(program, node, options)
      return [node, prepare(withPodInterfaces(ruleset, podInterfaces(node, world)))]
    }),
  )
}

/** The original packet of a new connection, and a reply whose connection mark tells nothing. */
export function packetVerdict(connection: Connection, enforced: Enforced, world: World): PacketVerdict {
  const { original, reply } = walkOf(connection, world)
  const { verdict, isObserved } = judge(original, enforced, world)
  return { original: verdict, reply: judge(reply, enforced, world).verdict, isObserved }
}

function judge(steps: readonly Step[], enforced: Enforced, world: World) {
  let isObserved = false
  const passes = steps.every(({ node, packet }) => {
    const prepared = enforced.get(node)
    if (prepared === undefined) throw new Error(`no ruleset for ${node}`)
    const { verdict, log } = evaluate(prepared, packet, environmentOf(node, world))
    isObserved ||= log.some(({ prefix }) => prefix?.startsWith("postern:observe:"))
    return verdict === "accept"
  })
  const verdict: Verdict = passes ? "Allow" : "Deny"
  return { verdict, isObserved }
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
