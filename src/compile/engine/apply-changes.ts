// Changes of a cluster, applied to the engine's state; settle.ts works out what follows from them.
//
// Kinds are applied one after the other, changes of one kind in their order: policies before pods, so that the
// words they mention are known when pods are described.

import type { Lower, PolicyIr, PolicyReference } from "../policy-ir.ts"
import type { Change, Snapshot } from "../snapshot.ts"
import { deleteNamespace, setNamespace } from "./namespace.ts"
import { deleteNode, setNode } from "./node.ts"
import { deletePod, setPod } from "./pod.ts"
import { deletePolicy, setPolicy } from "./policy.ts"
import type { EngineState } from "./state.ts"

/** Where `lower` throws, nothing is applied. */
export function applyChanges(state: EngineState, changes: readonly Change[], lower: Lower): void {
  const policies = lowerPolicies(changes, lower)
  // forEach, because a loop over an iterator makes an object a step until it is compiled.
  changes.forEach((change) => applyNamespace(state, change))
  policies.forEach(({ reference, ir }) =>
    ir === null ? deletePolicy(state, reference) : setPolicy(state, ir),
  )
  changes.forEach((change) => applyNode(state, change))
  changes.forEach((change) => applyPod(state, change))
}

/** As the changes that make the snapshot of nothing. */
export function applySnapshot(state: EngineState, snapshot: Snapshot, lower: Lower): void {
  const policies = snapshot.policies.map((policy) => lower(policy))
  snapshot.namespaces.forEach((namespace) => setNamespace(state, namespace))
  policies.forEach((ir) => setPolicy(state, ir))
  snapshot.nodes.forEach((node) => setNode(state, node))
  snapshot.pods.forEach((pod) => setPod(state, pod))
}

/** A policy that is set, or gone where `ir` is null. */
interface PolicyChange {
  readonly reference: PolicyReference
  readonly ir: PolicyIr | null
}

function lowerPolicies(changes: readonly Change[], lower: Lower): readonly PolicyChange[] {
  const lowered: PolicyChange[] = []
  changes.forEach((change) => {
    if (change.kind === "policy") lowered.push(lowerPolicy(change, lower))
  })
  return lowered
}

function lowerPolicy(change: Extract<Change, { readonly kind: "policy" }>, lower: Lower): PolicyChange {
  if (change.op === "set") {
    const ir = lower(change.value)
    return { reference: ir.policy, ir }
  }
  const { policyKind: kind, namespace, name } = change
  return { reference: { kind, namespace, name }, ir: null }
}

function applyNamespace(state: EngineState, change: Change): void {
  if (change.kind !== "namespace") return
  if (change.op === "set") setNamespace(state, change.value)
  else deleteNamespace(state, change.name)
}

function applyNode(state: EngineState, change: Change): void {
  if (change.kind !== "node") return
  if (change.op === "set") setNode(state, change.value)
  else deleteNode(state, change.name)
}

function applyPod(state: EngineState, change: Change): void {
  if (change.kind !== "pod") return
  if (change.op === "set") setPod(state, change.value)
  else deletePod(state, change.namespace, change.name)
}
