// Everything has come to rest: statuses, what agents hold, and the kernel say what a controller that starts now would.

import { stableText } from "nftables-json/expression"
import type { Ruleset, RulesetObject } from "nftables-json/schema"
import { createCache } from "../../src/agent/cache.ts"
import type { PolicyStatusSpec, PolicyStatusStatus } from "../../src/api/policy-status.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { lower } from "../../src/kinds/registry.ts"
import { watchCluster } from "../../src/kubernetes/cluster-watch.ts"
import { rulesetDigest } from "../../src/wire/digest.ts"
import type { LabCluster } from "./lab-cluster.ts"
import { eventually } from "./status-stage.ts"

interface Named {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly generation?: number }
}

interface Status extends Named {
  readonly spec: PolicyStatusSpec
  readonly status?: PolicyStatusStatus
}

/** Resolves when nothing is missing any more; rejects with what still is. */
export async function untilConverged(cluster: LabCluster, nodes = ["node-a", "node-b"]): Promise<void> {
  const missing = async (): Promise<readonly string[]> => [
    ...(await statusesMissing(cluster)),
    ...(await programsMissing(cluster, nodes)),
  ]
  await eventually(
    () => missing().catch((error: unknown) => [String(error)]),
    (found) => found.length === 0,
    "not converged",
  )
}

/** Of each policy: Programmed in its newest generation, or Pending where it selects no pod. */
async function statusesMissing({ client }: LabCluster): Promise<readonly string[]> {
  const policies = await client.list<Named>("/apis/networking.k8s.io/v1/networkpolicies")
  const statuses = await client.list<Status>("/apis/postern.dev/v1alpha1/policystatuses")
  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`
  const byPolicy = new Map(
    statuses.map((each) => [keyOf(each.metadata.namespace, each.spec.policy.name), each.status]),
  )
  const unsettled = policies.flatMap(({ metadata: { namespace, name, generation } }) => {
    const key = keyOf(namespace, name)
    const status = byPolicy.get(key)
    byPolicy.delete(key)
    if (status?.observedGeneration !== generation) return [`${key}: a status of generation ${generation}`]
    const phase = status?.selectedPods === 0 ? "Pending" : "Programmed"
    return status?.phase === phase ? [] : [`${key} is ${status?.phase}, not ${phase}`]
  })
  return [...unsettled, ...[...byPolicy.keys()].map((key) => `the status of ${key} is left`)]
}

/** Agents that hold another program than a controller would make that starts now, or that do not enforce it. */
async function programsMissing(cluster: LabCluster, nodes: readonly string[]): Promise<readonly string[]> {
  const fresh = await freshDigests(cluster, nodes)
  const found = nodes.map(async (node) => {
    const { enforcer } = await cluster.agent(node).status()
    if (enforcer.error !== undefined || enforcer.wanted !== enforcer.revision)
      return [`${node} enforces ${enforcer.revision}, not ${enforcer.wanted}: ${enforcer.error}`]
    const held = await createCache(cluster.stateOf(node)).read()
    const digest = held.kind === "program" ? rulesetDigest(held.program.node.ruleset) : held.kind
    return digest === fresh.get(node) ? [] : [`${node} holds another program`]
  })
  return (await Promise.all(found)).flat()
}

async function freshDigests(
  { client }: LabCluster,
  nodes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const engine = createEngine({ lower })
  const watch = watchCluster({ client, onChanges: (changes) => void engine.apply(changes) })
  watch.start()
  await watch.synced
  await watch.stop()
  const render = (node: string) => rulesetDigest(renderNode(engine.program(), node, defaultRulesetOptions))
  return new Map(nodes.map((node) => [node, render(node)]))
}

/** Lines that only one of them has: the kernel's table, and one that is installed anew. Opens the node for a moment. */
export async function differencesFromNew(cluster: LabCluster, node: string): Promise<readonly string[]> {
  const before = await kernelLines(cluster, node)
  const { repaired } = (await cluster.agent(node).status()).enforcer.counters
  const { stderr } = await cluster.lab.exec(`node/${node}`, ["nft", "delete", "table", "inet", "postern"])
  if (stderr !== "") throw new Error(stderr)
  await cluster
    .agent(node)
    .until(({ enforcer }) => enforcer.counters.repaired > repaired, "it is installed anew")
  return [...before.symmetricDifference(await kernelLines(cluster, node))]
}

/** The kernel's table, without what counts: generations, revisions and packets. */
export async function kernelLines(
  { lab }: Pick<LabCluster, "lab">,
  node: string,
): Promise<ReadonlySet<string>> {
  const { stdout } = await lab.exec(`node/${node}`, ["nft", "-j", "list", "table", "inet", "postern"])
  const { nftables }: { readonly nftables: Ruleset } = JSON.parse(stdout, (key, value: unknown) => {
    if (key === "elem" && Array.isArray(value)) return value.map((each) => stableText(each)).sort()
    return key === "handle" || key === "packets" || key === "bytes" ? undefined : value
  })
  return new Set(nftables.filter((object) => !isCounting(object)).map((object) => stableText(object)))
}

function isCounting(object: RulesetObject): boolean {
  if ("rule" in object) return object.rule.comment === "generation"
  return "set" in object && object.set.name === "revision"
}
