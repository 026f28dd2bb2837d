// Namespaces, and the selectors over their labels, each kept up to date with the other.

import { labelValue, type Selector } from "../selector.ts"
import type { Enforcement, Labels, Namespace } from "../snapshot.ts"
import { findKey, itemsOf } from "./bag.ts"
import { touchIdentity, touchLabelSet } from "./batch.ts"
import { quote, selectorText } from "./canonical-text.ts"
import { replaceIdentity } from "./identity.ts"
import {
  addItem,
  addLabelled,
  createLabelledItems,
  removeItem,
  removeLabelled,
  visitHeld,
} from "./label-index.ts"
import {
  addSelector,
  createSelectorIndex,
  findSelector,
  removeSelector,
  visitHolding,
} from "./selector-index.ts"
import type { EngineState, Expression, Identity, NamespaceSelector, NamespaceState } from "./state.ts"

const NAME_LABEL = "kubernetes.io/metadata.name"
/** A namespace's own mode; any other value is as none. */
const ENFORCEMENT_LABEL = "postern.dev/enforcement"

export function namespaceNamed(state: EngineState, name: string): NamespaceState {
  const known = findKey(state.namespaces.items, name)
  if (known !== undefined) return known
  const labels = { [NAME_LABEL]: name }
  const namespace: NamespaceState = {
    kind: "namespace",
    key: name,
    text: quote(name),
    labels,
    observed: state.enforcement === "observe",
    declared: false,
    selectors: selectorsHolding(state, labels),
    expressions: createSelectorIndex(),
    pods: null,
    hostPods: null,
    labelSets: null,
    identities: createLabelledItems(),
    uses: 0,
  }
  for (const each of namespace.selectors) each.namespaces.add(namespace)
  addItem(state.namespaces, namespace)
  state.batch.unused.namespaces.push(namespace)
  return namespace
}

export function setNamespace(state: EngineState, { name, labels }: Namespace): void {
  const namespace = namespaceNamed(state, name)
  namespace.declared = true
  relabel(
    state,
    namespace,
    labelValue(labels, NAME_LABEL) === undefined ? { ...labels, [NAME_LABEL]: name } : labels,
  )
}

/** Its pods may outlive the object for a while: they are then in a namespace that has only its name. */
export function deleteNamespace(state: EngineState, name: string): void {
  const namespace = findKey(state.namespaces.items, name)
  if (namespace === undefined) return
  namespace.declared = false
  relabel(state, namespace, { [NAME_LABEL]: name })
  state.batch.unused.namespaces.push(namespace)
}

export function namespaceSelector(state: EngineState, selector: Selector): NamespaceSelector {
  const key = selectorText(selector)
  const known = findSelector(state.namespaceSelectors, key)
  if (known !== undefined) return known
  const made: NamespaceSelector = {
    kind: "selector",
    key,
    text: `{${key}}`,
    selector,
    namespaces: new Set(),
    expressions: createSelectorIndex(),
    uses: 0,
  }
  addSelector(state.namespaceSelectors, made)
  visitHeld(state.namespaces, selector, (namespace) => {
    made.namespaces.add(namespace)
    namespace.selectors = [...namespace.selectors, made]
  })
  return made
}

function relabel(state: EngineState, namespace: NamespaceState, labels: Labels): void {
  const { index } = state.namespaces
  if (index !== null) removeLabelled(index, namespace)
  namespace.labels = labels
  if (index !== null) addLabelled(index, namespace)
  settleMode(state, namespace)
  const before = namespace.selectors
  const after = selectorsHolding(state, labels)
  const lost = before.filter((each) => !after.includes(each))
  const gained = after.filter((each) => !before.includes(each))
  if (lost.length === 0 && gained.length === 0) return
  namespace.selectors = after
  for (const each of lost) each.namespaces.delete(namespace)
  for (const each of gained) each.namespaces.add(namespace)
  const identities = [...itemsOf(namespace.identities.items)]
  for (const identity of identities) rematch(state, identity, { lost, gained })
  for (const { labels } of itemsOf(namespace.hostPods)) {
    for (const { expressions } of [...lost, ...gained]) {
      visitHolding(expressions, labels, (each) => state.batch.rematched.push(each))
    }
  }
}

/** Of every namespace without a mode of its own. */
export function setEnforcement(state: EngineState, enforcement: Enforcement): void {
  state.enforcement = enforcement
  for (const each of itemsOf(state.namespaces.items)) settleMode(state, each)
}

function settleMode(state: EngineState, namespace: NamespaceState): void {
  const own = labelValue(namespace.labels, ENFORCEMENT_LABEL)
  const observed = (own === "observe" || own === "enforce" ? own : state.enforcement) === "observe"
  if (namespace.observed === observed) return
  namespace.observed = observed
  for (const identity of itemsOf(namespace.identities.items)) {
    touchIdentity(state, identity)
    for (const each of identity.expressions) state.batch.rematched.push(each)
  }
}

function selectorsHolding(state: EngineState, labels: Labels): readonly NamespaceSelector[] {
  const found: NamespaceSelector[] = []
  visitHolding(state.namespaceSelectors, labels, (each) => found.push(each))
  return found
}

interface ScopeChange {
  readonly lost: readonly NamespaceSelector[]
  readonly gained: readonly NamespaceSelector[]
}

/** An identity that other expressions hold is another one: the old one stays as the state before the batch. */
function rematch(state: EngineState, identity: Identity, { lost, gained }: ScopeChange): void {
  const kept = identity.expressions.filter(({ scope }) => scope.kind === "namespace" || !lost.includes(scope))
  const found: Expression[] = []
  for (const { expressions } of gained) visitHolding(expressions, identity.labels, (each) => found.push(each))
  if (found.length === 0 && kept.length === identity.expressions.length) return
  for (const each of identity.expressions) if (!kept.includes(each)) state.batch.rematched.push(each)
  for (const each of found) state.batch.rematched.push(each)
  const replaced = replaceIdentity(state, identity, [...kept, ...found])
  for (const labelSet of itemsOf(replaced.labelSets)) touchLabelSet(state, labelSet)
}

export function removeNamespaceSelector(state: EngineState, removed: NamespaceSelector): void {
  if (findSelector(state.namespaceSelectors, removed.key) !== removed) return
  removeSelector(state.namespaceSelectors, removed)
  for (const namespace of removed.namespaces) {
    namespace.selectors = namespace.selectors.filter((each) => each !== removed)
  }
}

export function removeNamespace(state: EngineState, namespace: NamespaceState): void {
  if (findKey(state.namespaces.items, namespace.key) !== namespace) return
  removeItem(state.namespaces, namespace)
  for (const each of namespace.selectors) each.namespaces.delete(namespace)
}
