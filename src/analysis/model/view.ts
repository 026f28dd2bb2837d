// A state of the model as those see it who ask.

import type { Direction, PodExpression } from "../../compile/policy-ir.ts"
import type { Pod } from "../../compile/snapshot.ts"
import type { AddressRun, ClusterView, Identity } from "../cluster-view.ts"
import { entriesOf, lookUp, type Nested, valuesOf } from "../layered-map.ts"
import { isObserved, namespaceHolds, namespaceLabels } from "./namespaces.ts"
import { recordOf } from "./pods.ts"
import { expressionHolds, policiesSelecting, policyKey } from "./policies.ts"
import { runsOf } from "./runs.ts"
import { familiesOf, type ModelState } from "./state.ts"
import { workloadsOf } from "./workloads.ts"

export function viewOf(state: ModelState): ClusterView {
  const workloads = remembered(state, () => workloadsOf(livePods(state)))
  const runs = {
    ingress: remembered(state, () => runsOf(state, "ingress")),
    egress: remembered(state, () => runsOf(state, "egress")),
  } as const satisfies Record<Direction, () => readonly AddressRun[]>
  return {
    get enforcement() {
      return state.enforcement
    },
    get families() {
      return familiesOf(state)
    },
    namespaces: () => namespacesIn(state),
    namespaceLabels: (namespace) => namespaceLabels(state, namespace),
    isObserved: (namespace) => isObserved(state, namespace),
    nodes: () => valuesOf(state.nodes),
    services: () => valuesOf(state.services),
    pods: (namespace) => livePods(state, namespace),
    finishedPods: (namespace) => finishedPods(state, namespace),
    pod: (namespace, name) => {
      const pod = recordOf(state, { namespace, name })?.pod
      return pod?.finished === true ? undefined : pod
    },
    identityOf: (pod) => recordOf(state, pod)?.identity ?? undefined,
    identities: (namespace) => identitiesIn(state, namespace),
    podsOf: ({ key }) => {
      const members = lookUp(state.members, key)
      return members === undefined ? [] : valuesOf(members)
    },
    podCount: ({ key }) => lookUp(state.members, key)?.size ?? 0,
    workloads,
    policies: () => valuesOf(state.policies),
    policy: (reference) => lookUp(state.policies, policyKey(reference)),
    policiesOf: (identity, direction) => policiesSelecting(state, identity, direction),
    holds: (expression, identity) => expressionHolds(state, expression, identity),
    held: (expression) => heldBy(state, expression),
    runs: (direction) => runs[direction](),
  }
}

/** Computed once for each revision of the state. */
function remembered<T>(state: ModelState, compute: () => T): () => T {
  let known: { readonly revision: number; readonly value: T } | undefined
  return () => {
    if (known?.revision !== state.revision) known = { revision: state.revision, value: compute() }
    return known.value
  }
}

function* namespacesIn(state: ModelState): Generator<string> {
  for (const [name] of entriesOf(state.namespaces)) yield name
  for (const [name] of entriesOf(state.pods)) if (lookUp(state.namespaces, name) === undefined) yield name
}

function* livePods(state: ModelState, namespace?: string): Generator<Pod> {
  for (const records of inner(state.pods, namespace)) {
    for (const { pod } of valuesOf(records)) if (!pod.finished) yield pod
  }
}

function* finishedPods(state: ModelState, namespace?: string): Generator<Pod> {
  for (const records of inner(state.pods, namespace)) {
    for (const { pod } of valuesOf(records)) if (pod.finished) yield pod
  }
}

function* identitiesIn(state: ModelState, namespace?: string): Generator<Identity> {
  for (const identities of inner(state.identities, namespace)) yield* valuesOf(identities)
}

function inner<V>(nested: Nested<string, string, V>, namespace: string | undefined) {
  if (namespace === undefined) return valuesOf(nested)
  const one = lookUp(nested, namespace)
  return one === undefined ? [] : [one]
}

function* heldBy(state: ModelState, expression: PodExpression): Generator<Identity> {
  const { namespaces } = expression
  for (const [namespace, identities] of scopeOf(state, namespaces)) {
    if (namespaces.kind === "selector" && !namespaceHolds(state, namespaces.selector, namespace)) continue
    for (const identity of valuesOf(identities)) {
      if (expressionHolds(state, expression, identity)) yield identity
    }
  }
}

function scopeOf(state: ModelState, namespaces: PodExpression["namespaces"]) {
  if (namespaces.kind === "selector") return entriesOf(state.identities)
  const identities = lookUp(state.identities, namespaces.name)
  return identities === undefined ? [] : [[namespaces.name, identities] as const]
}
