// Changes of the cluster, into the state of a model.

import type { Change } from "../../compile/snapshot.ts"
import { put, remove } from "../layered-map.ts"
import { dropUnused, noWords } from "./mentions.ts"
import { setNamespace } from "./namespaces.ts"
import { deletePod, identify, markAll, markTouched, markUnaddressed, setNode, setPod } from "./pods.ts"
import { deletePolicy, setPolicy } from "./policies.ts"
import { familiesOf, type ModelState } from "./state.ts"

/** Policies first: a pod is then identified once, by every word there is. Changes of one kind keep their order. */
export function applyChanges(state: ModelState, changes: readonly Change[]): void {
  state.revision += 1
  const dirty = new Set<string>()
  const words = noWords()
  const families = familiesOf(state).join()
  for (const change of changes) if (change.kind === "policy") applyPolicy(state, change, words)
  // Whoever only tries a change would look at every pod again each time.
  const isTried = state.policies.below !== null
  if (!isTried && dropUnused(state)) markAll(state, dirty)
  markTouched(state, words, dirty)
  for (const change of changes) applyOther(state, change, dirty)
  if (familiesOf(state).join() !== families) markUnaddressed(state, dirty)
  for (const key of dirty) identify(state, key)
}

type Words = ReturnType<typeof noWords>

function applyPolicy(state: ModelState, change: Change & { readonly kind: "policy" }, words: Words): void {
  if (change.op === "set") setPolicy(state, change.value, words)
  else deletePolicy(state, { kind: change.policyKind, namespace: change.namespace, name: change.name })
}

function applyOther(state: ModelState, change: Change, dirty: Set<string>): void {
  switch (change.kind) {
    case "namespace":
      if (change.op === "set") setNamespace(state, change.value)
      else remove(state.namespaces, change.name)
      return
    case "node":
      if (change.op === "set") setNode(state, change.value.name, { node: change.value, dirty })
      else setNode(state, change.name, { node: null, dirty })
      return
    case "pod":
      if (change.op === "set") setPod(state, change.value, dirty)
      else deletePod(state, change, dirty)
      return
    case "service":
      if (change.op === "set") put(state.services, nameOf(change.value), change.value)
      else remove(state.services, nameOf(change))
      return
    case "policy":
      return
  }
}

function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`
}
