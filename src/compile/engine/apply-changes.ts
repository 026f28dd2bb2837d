// Changes of a cluster, applied to the engine's state; settle.ts works out what follows from them.
//
// Kinds are applied one after the other, changes of one kind in their order: policies before pods, so that the
// words they mention are known when pods are described.

import type { Lower, PolicyIr, PolicyReference } from "../policy-ir.ts"
import type { Change } from "../snapshot.ts"
import { deleteNamespace, setNamespace } from "./namespace.ts"
import { deleteNode, setNode } from "./node.ts"
import { deletePod, setPod } from "./pod.ts"
import { deletePolicy, setPolicy } from "./policy.ts"
import type { EngineState } from "./state.ts"

/** Where `lower` throws, nothing is applied. */
export function applyChanges(state: EngineState, changes: readonly Change[], lower: Lower): void {
  const policies = lowerPolicies(changes, lower)
  for (const change of changes) applyNamespace(state, change)
  for (const { reference, ir } of policies) {
    if (ir === null) deletePolicy(state, reference)
    else setPolicy(state, ir)
  }
  for (const change of changes) applyNode(state, change)
  for (const change of changes) applyPod(state, change)
}

/** A policy that is set, or gone where `ir` is null. */
interface PolicyChange {
  readonly reference: PolicyReference
  readonly ir: PolicyIr | null
}

function lowerPolicies(changes: readonly Change[], lower: Lower): readonly PolicyChange[] {
  const lowered: PolicyChange[] = []
  for (const change of changes) {
    if (change.kind !== "policy") continue
    if (change.op === "set") {
      const ir = lower(change.value)
      lowered.push({ reference: ir.policy, ir })
    } else {
      const { policyKind: kind, namespace, name } = change
      lowered.push({ reference: { kind, namespace, name }, ir: null })
    }
  }
  return lowered
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
