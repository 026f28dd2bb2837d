// Rulesets rendered from programs made by hand, in force on the nodes of a lab; no agent keeps them.

import { createOneShot } from "nftables-json/one-shot"
import type { Ruleset } from "nftables-json/schema"
import { defaultRulesetOptions, type RulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { AddressFamily } from "../../src/compile/snapshot.ts"
import type { Lab, LabNode } from "../../src/lab/lab.ts"
import { podInterface } from "../../src/lab/names.ts"
import { type PodSource, type ProgramSource, programOf } from "../programs.ts"

export interface Enforcement {
  /** Policies of pods by "namespace/pod"; other pods of the lab have none. */
  readonly pods?: Readonly<Record<string, Omit<PodSource, "addresses">>>
  /** Pods that the program does not know. */
  readonly unknown?: readonly string[]
  readonly sets?: NonNullable<ProgramSource["sets"]>
  readonly named?: NonNullable<ProgramSource["named"]>
  /** Both, unless it says otherwise. */
  readonly families?: readonly AddressFamily[]
  readonly options?: Partial<RulesetOptions>
}

/** Puts the rules in force on every node, instead of what was there, in one transaction. */
export async function enforce(lab: Lab, enforcement: Enforcement): Promise<void> {
  await Promise.all(
    lab.nodes.map(async (node) => {
      const ruleset = withInterfaces(rulesetOf(lab, node, enforcement), interfacesOf(lab, node))
      const nft = createOneShot({ command: [...lab.enter(node.reference), "nft"] })
      const table = { family: "inet", name: "postern" } as const
      await nft.run([
        { add: { table } },
        { delete: { table } },
        ...ruleset.map((object) => ({ add: object })),
      ])
    }),
  )
}

export function rulesetOf(lab: Lab, node: LabNode, enforcement: Enforcement): Ruleset {
  const local = podsOf(lab, node).filter((pod) => enforcement.unknown?.includes(pod.reference) !== true)
  const program = programOf({
    families: enforcement.families ?? ["IPv4", "IPv6"],
    podCIDRs: node.podCIDRs,
    pods: local.map(({ reference, addresses }) => ({ addresses, ...enforcement.pods?.[reference] })),
    ...(enforcement.sets === undefined ? {} : { sets: enforcement.sets }),
    ...(enforcement.named === undefined ? {} : { named: enforcement.named }),
  })
  return renderNode(program, "node", { ...defaultRulesetOptions, ...enforcement.options })
}

function podsOf(lab: Lab, node: LabNode) {
  return lab.pods.filter((pod) => pod.node === node.name && pod.addresses.length > 0)
}

function interfacesOf(lab: Lab, node: LabNode): readonly string[] {
  if (node.network === "bridge") return ["cni0"]
  return podsOf(lab, node).map(({ reference }) => {
    const [namespace = "", name = ""] = reference.split("/")
    return podInterface({ namespace, name, node: node.name, addresses: [] })
  })
}

function withInterfaces(ruleset: Ruleset, interfaces: readonly string[]): Ruleset {
  return ruleset.map((object) =>
    "set" in object && object.set.name === "pod_interfaces"
      ? { set: { ...object.set, elem: interfaces } }
      : object,
  )
}
