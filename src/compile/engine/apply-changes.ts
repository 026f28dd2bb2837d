// Changes of a cluster, applied to the engine's state; settle.ts works out what follows from them.
//
// Kinds are applied one after the other, changes of one kind in their order: policies before pods, so that the
// words they mention are known when pods are described.

import type { Diagnostic } from "../../api/diagnostic.ts"
import type { Lower, PolicyIr, PolicyReference } from "../policy-ir.ts"
import type { Change, PolicyObject, Snapshot } from "../snapshot.ts"
import { NONE } from "./bag.ts"
import { deleteNamespace, setNamespace } from "./namespace.ts"
import { deleteNode, setNode } from "./node.ts"
import { deletePod, setPod } from "./pod.ts"
import { deletePolicy, setPolicy } from "./policy.ts"
import type { PolicyAbout } from "./policy-record.ts"
import type { EngineState } from "./state.ts"

export interface PolicyReading {
  readonly lower: Lower
  /** Every mistake in a policy, for its view; without it views have no diagnostics. */
  readonly check?: (policy: PolicyObject) => readonly Diagnostic[]
}

/** Where `lower` throws, nothing is applied. */
export function applyChanges(state: EngineState, changes: readonly Change[], reading: PolicyReading): void {
  const policies = readPolicies(changes, reading)
  // forEach, because a loop over an iterator makes an object a step until it is compiled.
  changes.forEach((change) => applyNamespace(state, change))
  policies.forEach(({ reference, read }) =>
    read === null ? deletePolicy(state, reference) : setPolicy(state, read.ir, read.about),
  )
  changes.forEach((change) => applyNode(state, change))
  changes.forEach((change) => applyPod(state, change))
}

/** As the changes that make the snapshot of nothing. */
export function applySnapshot(state: EngineState, snapshot: Snapshot, reading: PolicyReading): void {
  const policies = snapshot.policies.map((policy) => readPolicy(policy, reading))
  snapshot.namespaces.forEach((namespace) => setNamespace(state, namespace))
  policies.forEach(({ ir, about }) => setPolicy(state, ir, about))
  snapshot.nodes.forEach((node) => setNode(state, node))
  snapshot.pods.forEach((pod) => setPod(state, pod))
}

interface ReadPolicy {
  readonly ir: PolicyIr
  readonly about: PolicyAbout
}

/** A policy that is set, or gone where `read` is null. */
interface PolicyChange {
  readonly reference: PolicyReference
  readonly read: ReadPolicy | null
}

function readPolicies(changes: readonly Change[], reading: PolicyReading): readonly PolicyChange[] {
  const all: PolicyChange[] = []
  changes.forEach((change) => {
    if (change.kind === "policy") all.push(readChange(change, reading))
  })
  return all
}

function readChange(
  change: Extract<Change, { readonly kind: "policy" }>,
  reading: PolicyReading,
): PolicyChange {
  if (change.op === "set") {
    const read = readPolicy(change.value, reading)
    return { reference: read.ir.policy, read }
  }
  const { policyKind: kind, namespace, name } = change
  return { reference: { kind, namespace, name }, read: null }
}

function readPolicy(policy: PolicyObject, { lower, check }: PolicyReading): ReadPolicy {
  const { uid = "", generation = 0 } = policy.metadata
  const diagnostics = check?.(policy) ?? NONE
  const isPlain = uid === "" && generation === 0 && diagnostics.length === 0
  return { ir: lower(policy), about: isPlain ? PLAIN : { uid, generation, diagnostics } }
}

const PLAIN: PolicyAbout = { uid: "", generation: 0, diagnostics: NONE }

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
