// Pods of a namespace by their descriptions, and these by what policies can tell apart: identities.
//
// A label that is different on every pod (pod-template-hash, the pod name of a StatefulSet) makes no identity
// unless a policy mentions it. When a word is mentioned for the first time, or no longer, the label sets with
// it move to other identities, and no pod is looked at. Such a move changes no member of a set that was there
// before, and a class only through the policy that brought the word.

import { findKey, itemsOf, sizeOf, withItem, withKey, withoutItem } from "./bag.ts"
import { touchIdentity } from "./batch.ts"
import { projectAgain, projectionOf, useDescription } from "./description.ts"
import { addItem, addLabelled, removeItem, removeLabelled } from "./label-index.ts"
import { append, put } from "./positioned-list.ts"
import { visitHolding } from "./selector-index.ts"
import type {
  Description,
  EngineState,
  Expression,
  Identity,
  LabelSet,
  Mentions,
  NamespaceState,
} from "./state.ts"

export function labelSetOf(
  state: EngineState,
  namespace: NamespaceState,
  description: Description,
): LabelSet {
  return findKey(namespace.labelSets, description) ?? createLabelSet(state, namespace, description)
}

/** The expressions of an identity have changed with its namespace: another identity takes its place. */
export function replaceIdentity(
  state: EngineState,
  identity: Identity,
  expressions: readonly Expression[],
): Identity {
  unlist(state, identity)
  const replacement = createIdentity(state, identity, expressions)
  for (const labelSet of itemsOf(identity.labelSets)) moveLabelSet(state, labelSet, replacement)
  return replacement
}

export function mention(state: EngineState, mentions: Mentions, word: string): void {
  const count = mentions.counts.get(word)
  mentions.counts.set(word, (count ?? 0) + 1)
  if (count === undefined) tellApartAgain(state, mentions, word)
}

/** Says whether that was the last one; until `forgetMention` the word still tells identities apart. */
export function releaseMention({ counts }: Mentions, word: string): boolean {
  const count = (counts.get(word) ?? 0) - 1
  counts.set(word, count)
  return count === 0
}

export function forgetMention(state: EngineState, mentions: Mentions, word: string): void {
  if (mentions.counts.get(word) !== 0) return
  mentions.counts.delete(word)
  tellApartAgain(state, mentions, word)
}

/** Out of the places where identities are looked up. */
export function unlist(state: EngineState, identity: Identity): void {
  const { identities } = identity.namespace
  if (findKey(identities.items, identity.key) !== identity) return
  removeItem(identities, identity)
  if (state.identityIndex !== null) removeLabelled(state.identityIndex, identity)
}

function createLabelSet(state: EngineState, namespace: NamespaceState, description: Description): LabelSet {
  const identity = identityOf(state, namespace, description)
  const labelSet: LabelSet = {
    key: useDescription(description),
    namespace,
    pods: [],
    identity,
    before: null,
    inDescription: 0,
  }
  identity.labelSets = withItem(identity.labelSets, labelSet)
  namespace.labelSets = withKey(namespace.labelSets, labelSet)
  description.labelSets = put(description.labelSets, labelSet, "inDescription")
  return labelSet
}

function identityOf(state: EngineState, namespace: NamespaceState, description: Description): Identity {
  const key = projectionOf(description)
  const known = findKey(namespace.identities.items, key)
  if (known !== undefined) return known
  const { labels } = key
  return createIdentity(state, { key, labels, namespace }, expressionsHolding(namespace, key))
}

function expressionsHolding(
  { expressions, selectors }: NamespaceState,
  { labels }: Description,
): readonly Expression[] {
  let found: Expression[] = []
  const visit = (expression: Expression): void => {
    found = append(found, expression)
  }
  visitHolding(expressions, labels, visit)
  for (const each of selectors) visitHolding(each.expressions, labels, visit)
  return found
}

function createIdentity(
  state: EngineState,
  { key, labels, namespace }: Pick<Identity, "key" | "labels" | "namespace">,
  expressions: readonly Expression[],
): Identity {
  const identity: Identity = {
    key,
    labels,
    namespace,
    labelSets: null,
    expressions,
    stack: null,
    ingress: null,
    egress: null,
    touched: false,
  }
  for (const each of expressions) each.identities = withItem(each.identities, identity)
  addItem(namespace.identities, identity)
  if (state.identityIndex !== null) addLabelled(state.identityIndex, identity)
  touchIdentity(state, identity)
  return identity
}

function tellApartAgain(state: EngineState, { carriers }: Mentions, word: string): void {
  for (const description of itemsOf(carriers.get(word) ?? null)) {
    projectAgain(state, description)
    for (const labelSet of description.labelSets) {
      const identity = identityOf(state, labelSet.namespace, description)
      if (identity !== labelSet.identity) moveLabelSet(state, labelSet, identity)
    }
  }
}

function moveLabelSet({ batch }: EngineState, labelSet: LabelSet, identity: Identity): void {
  const before = labelSet.identity
  if (labelSet.before === null) {
    labelSet.before = { identity: before, ingress: before.ingress, egress: before.egress }
    batch.moved.push(labelSet)
  }
  before.labelSets = withoutItem(before.labelSets, labelSet)
  if (sizeOf(before.labelSets) === 0) batch.unused.identities.push(before)
  identity.labelSets = withItem(identity.labelSets, labelSet)
  labelSet.identity = identity
}
