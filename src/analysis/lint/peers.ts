// Does each peer of a rule match anything?

import type { OutlinedPeer } from "../../kinds/policy-outline.ts"
import { finishedPods, hostPods, isEmpty, isHeld, type LintCluster, namespacesOf } from "./cluster.ts"
import { nearNamespaces, nearPods } from "./near.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"
import { namedPods, noNamespaceWords, noneWords } from "./words.ts"

export const lintPeers: LintRule = (policy, cluster) => {
  let told = 0
  const report: typeof policy.report = (...finding) => {
    told += 1
    policy.report(...finding)
  }
  for (const { peers } of policy.outline.rules) {
    for (const peer of peers) {
      if (told >= MOST_TOLD || cluster.expired()) return
      if (peer.kind === "pods") lintPeer(peer, { ...policy, report }, cluster)
    }
  }
}

/** What was meant is looked for among all the pods each time; who has so many wrong peers has seen it by then. */
const MOST_TOLD = 20

type PodsPeer = Extract<OutlinedPeer, { readonly kind: "pods" }>

function lintPeer(peer: PodsPeer, { report, record }: LintedPolicy, cluster: LintCluster): void {
  const { pods: expression, path } = peer
  if (isHeld(expression, cluster.view)) return
  const namespaces = [...namespacesOf(expression, cluster.view)]
  if (expression.namespaces.kind === "selector" && namespaces.length === 0) {
    const none = noNamespaceWords(expression.namespaces.selector)
    const near = nearNamespaces(expression.namespaces.selector, cluster)
    if (cluster.complete || near !== "")
      report("namespaceSelectorMatchesNothing", { none, near }, peer.namespaces)
    else report("peerUnknown", { what: none }, peer.namespaces)
    return
  }
  // A namespace that is being set up, or of which no workload is given: told of the policy's subject.
  const own = record.ir.policy.namespace
  if (expression.namespaces.kind === "name" && expression.namespaces.name === own && isEmpty(own, cluster))
    return
  const onHosts = hostPods(expression, cluster)
  if (onHosts.length > 0) {
    report("peerOnlyHostNetwork", { pods: namedPods(onHosts, cluster.mayName) }, path)
    return
  }
  // Pods of a CronJob between two runs: the next one will match.
  if (finishedPods(expression, cluster).length > 0) return
  const unknown = cluster.complete
    ? undefined
    : unknownPlace(
        expression.namespaces.kind,
        namespaces.filter((each) => each !== own),
        cluster,
      )
  const near = nearPods(expression, cluster)
  if (unknown !== undefined && near === "") report("peerUnknown", { what: unknown }, path)
  else report("peerMatchesNothing", { none: noneWords(expression), near }, path)
}

/** Where the pods may be that are not given, in words. */
function unknownPlace(
  kind: "name" | "selector",
  namespaces: readonly string[],
  cluster: LintCluster,
): string | undefined {
  const empty = namespaces.find((namespace) => isEmpty(namespace, cluster))
  if (empty !== undefined) return `no pod or workload of namespace ${empty}`
  return kind === "selector" ? "not every namespace that is meant is" : undefined
}
