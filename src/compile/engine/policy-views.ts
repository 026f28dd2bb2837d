// What is known of policies beside their rules: whom they select, and what is wrong with them.

import type { PolicyReference } from "../policy-ir.ts"
import type { PolicyView } from "../policy-view.ts"
import { selects } from "../selector.ts"
import { itemsOf, visitItems } from "./bag.ts"
import { policyText } from "./canonical-text.ts"
import type { PolicyRecord } from "./policy-record.ts"
import type { EngineState, Expression, NamespaceState } from "./state.ts"

export function viewPolicy(state: EngineState, policy: PolicyReference): PolicyView | undefined {
  const record = state.policies.get(policyText(policy))
  return record === undefined ? undefined : view(record)
}

export function viewPolicies(state: EngineState): Iterable<PolicyView> {
  return state.policies.values().map(view)
}

function view({ policy, subject, about }: PolicyRecord): PolicyView {
  let nodes: ReadonlyMap<string, number> | undefined
  return {
    reference: policy,
    ...about,
    ...countPods(subject),
    hostNetworkPods: countHostPods(subject),
    get nodes() {
      nodes ??= podsByNode(subject)
      return nodes
    },
  }
}

function countPods({ identities }: Expression): Pick<PolicyView, "selectedPods" | "observedPods"> {
  let selectedPods = 0
  let observedPods = 0
  visitItems(identities, ({ labelSets, namespace }) => {
    visitItems(labelSets, ({ pods }) => {
      selectedPods += pods.length
      if (namespace.observed) observedPods += pods.length
    })
  })
  return { selectedPods, observedPods }
}

function podsByNode({ identities }: Expression): ReadonlyMap<string, number> {
  const nodes = new Map<string, number>()
  visitItems(identities, ({ labelSets }) => {
    visitItems(labelSets, ({ pods }) => {
      for (const { node } of pods) if (node !== null) nodes.set(node.name, (nodes.get(node.name) ?? 0) + 1)
    })
  })
  return nodes
}

function countHostPods({ scope, selector }: Expression): number {
  const namespaces: Iterable<NamespaceState> = scope.kind === "namespace" ? [scope] : scope.namespaces
  let count = 0
  for (const { hostPods } of namespaces) {
    for (const { labels } of itemsOf(hostPods)) if (selects(selector, labels)) count += 1
  }
  return count
}
