// Takes apart what nothing uses any longer, at the end of a batch: what it releases may follow it.

import { findKey, sizeOf, withoutItem, withoutKey } from "./bag.ts"
import { releaseDescription, removeDescription } from "./description.ts"
import { removeExpression } from "./expression.ts"
import { forgetMention, unlist } from "./identity.ts"
import { removeNamespace, removeNamespaceSelector } from "./namespace.ts"
import { take } from "./positioned-list.ts"
import { removeAddressSet, removeNamedPortSet } from "./sets.ts"
import { releaseStack, removeStack, restack } from "./stack.ts"
import type { ClassState, EngineState, Identity, LabelSet } from "./state.ts"

export function reclaim(state: EngineState): void {
  const { unused } = state.batch
  while (Object.values(unused).some((list) => list.length > 0)) {
    drain(unused.labelSets, (each) => reclaimLabelSet(state, each))
    drain(unused.identities, (each) => reclaimIdentity(state, each))
    drain(unused.stacks, (each) => removeStack(state, each))
    drain(unused.classes, (each) => reclaimClass(state, each))
    drain(unused.expressions, (each) => {
      if (each.uses === 0) removeExpression(state, each)
    })
    drain(unused.descriptions, (each) => removeDescription(state, each))
    drain(unused.labelKeys, (each) => forgetMention(state, state.labelKeys, each))
    drain(unused.portNames, (each) => forgetMention(state, state.portNames, each))
    drain(unused.namespaceSelectors, (each) => {
      if (each.uses === 0) removeNamespaceSelector(state, each)
    })
    drain(unused.namespaces, (each) => {
      if (!each.declared && each.uses === 0 && sizeOf(each.pods) + sizeOf(each.labelSets) === 0) {
        removeNamespace(state, each)
      }
    })
    // Of label sets that a forgotten word no longer tells apart: their policies, and so classes, are the same.
    drain(state.batch.identities, (each) => {
      each.touched = false
      if (sizeOf(each.labelSets) > 0) restack(state, each)
    })
  }
}

function drain<T>(list: T[], visit: (item: T) => void): void {
  for (let item = list.pop(); item !== undefined; item = list.pop()) visit(item)
}

function reclaimLabelSet(state: EngineState, labelSet: LabelSet): void {
  const { key, namespace, identity } = labelSet
  if (labelSet.pods.length > 0 || findKey(namespace.labelSets, key) !== labelSet) return
  namespace.labelSets = withoutKey(namespace.labelSets, labelSet)
  take(key.labelSets, labelSet, "inDescription")
  releaseDescription(state, key)
  identity.labelSets = withoutItem(identity.labelSets, labelSet)
  if (sizeOf(identity.labelSets) === 0) state.batch.unused.identities.push(identity)
  if (sizeOf(namespace.labelSets) === 0) state.batch.unused.namespaces.push(namespace)
}

function reclaimIdentity(state: EngineState, identity: Identity): void {
  if (sizeOf(identity.labelSets) > 0) return
  unlist(state, identity)
  for (const each of identity.expressions) each.identities = withoutItem(each.identities, identity)
  releaseStack(state, identity)
}

function reclaimClass(state: EngineState, unused: ClassState): void {
  const { key } = unused.policyClass
  if (unused.uses > 0 || state.classes.get(key) !== unused) return
  state.classes.delete(key)
  for (const set of unused.addressSets) {
    set.classes = withoutItem(set.classes, unused)
    if (sizeOf(set.classes) === 0) removeAddressSet(state, set)
  }
  for (const set of unused.namedPortSets) {
    set.classes = withoutItem(set.classes, unused)
    if (sizeOf(set.classes) === 0) removeNamedPortSet(state, set)
  }
}
