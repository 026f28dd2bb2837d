// What rules may ask of a cluster: a view, how far it can be trusted to be whole, and who may be named.

import type { PodExpression, PolicyIr } from "../../compile/policy-ir.ts"
import { type Selector, selects } from "../../compile/selector.ts"
import type { Labels, Pod } from "../../compile/snapshot.ts"
import type { ClusterView, PolicyRecord } from "../cluster-view.ts"
import type { RuleSearch } from "./rule-search.ts"

/** How the pods that serve cluster DNS are known. */
export interface DnsPods {
  readonly namespace: string
  readonly labels: Labels
}

export const DEFAULT_DNS: DnsPods = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } }

export interface LintCluster {
  readonly view: ClusterView
  /** False for files: what is not among them may still be in the cluster. */
  readonly complete: boolean
  /** Whether a message may name a namespace that the policy itself does not name. */
  readonly mayName: (namespace: string) => boolean
  readonly dns: DnsPods
  /** Policies whose subject may hold all that this one's holds. */
  readonly neighbours: (ir: PolicyIr) => readonly PolicyRecord[]
  /** Every rule of the tier only accepts, so that order decides nothing. Costs a look at every policy, once. */
  readonly isAdditive: (tier: number) => boolean
  readonly rules: RuleSearch
  /** The time that there was is over: what has been found is told. */
  readonly expired: () => boolean
}

/** So many pods or namespaces are looked at for a message; what is further away is not found. */
export const LOOKED_AT = 5000

/** Namespaces that an expression looks in, in no order. */
export function* namespacesOf({ namespaces }: PodExpression, view: ClusterView): Generator<string> {
  if (namespaces.kind === "name") {
    yield namespaces.name
    return
  }
  for (const name of view.namespaces()) {
    if (selects(namespaces.selector, view.namespaceLabels(name))) yield name
  }
}

/** Pods that an expression would hold, were they not on the host network. */
export function hostPods(expression: PodExpression, { view }: LintCluster): readonly Pod[] {
  return podsWhere(expression, view, (pod) => pod.hostNetwork)
}

/** Pods that an expression held until they finished. */
export function finishedPods(expression: PodExpression, { view }: LintCluster): readonly Pod[] {
  const found: Pod[] = []
  for (const namespace of namespacesOf(expression, view)) {
    for (const pod of view.finishedPods(namespace)) if (selects(expression.pods, pod.labels)) found.push(pod)
    if (found.length > LOOKED_AT) break
  }
  return found
}

/** A namespace without one pod or workload: in files, of which nobody knows what is in it. */
export function isEmpty(namespace: string, { view }: LintCluster): boolean {
  return isNone(view.pods(namespace)) && isNone(view.finishedPods(namespace))
}

export function isHeld(expression: PodExpression, view: ClusterView): boolean {
  return !isNone(view.held(expression))
}

/** Pods that an expression holds, as many as are looked at. */
export function* heldPods(expressions: readonly PodExpression[], view: ClusterView): Generator<Pod> {
  let left = LOOKED_AT
  for (const expression of expressions) {
    for (const identity of view.held(expression)) {
      for (const pod of view.podsOf(identity)) {
        if (left-- === 0) return
        yield pod
      }
    }
  }
}

function isNone(items: Iterable<unknown>): boolean {
  for (const _ of items) return false
  return true
}

export function labelsSelector(labels: Labels): Selector {
  return Object.entries(labels).map(([key, value]) => ({ op: "in", key, values: new Set([value]) }))
}

function podsWhere(
  expression: PodExpression,
  view: ClusterView,
  isMeant: (pod: Pod) => boolean,
): readonly Pod[] {
  const found: Pod[] = []
  let left = LOOKED_AT
  for (const namespace of namespacesOf(expression, view)) {
    for (const pod of view.pods(namespace)) {
      if (left-- === 0) return found
      if (isMeant(pod) && selects(expression.pods, pod.labels)) found.push(pod)
    }
  }
  return found
}
