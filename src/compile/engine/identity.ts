// Pods, interned twice: into label sets, and these into identities.
//
// An identity has only the labels and port names that some policy mentions, so that a label which is different
// on every pod (pod-template-hash, the pod name of a StatefulSet) costs nothing. When a word is mentioned for
// the first time, or no longer, the label sets that carry it are looked at again, and no pod. Such a move
// changes no member of a set that was there before, and a class only through the policy that brought the word.

import type { ContainerPort, Labels } from "../snapshot.ts"
import { findText, NONE, sizeOf, withItem, withoutItem, withText } from "./bag.ts"
import { touchIdentity } from "./batch.ts"
import { addToBucket } from "./buckets.ts"
import { containerPortText, labelsText } from "./canonical-text.ts"
import { addItem, addLabelled, removeItem, removeLabelled } from "./label-index.ts"
import { visitHolding } from "./selector-index.ts"
import type { EngineState, Expression, Identity, LabelSet, Mentions, NamespaceState } from "./state.ts"

/** Pods of `namespace` with these labels and container ports. */
export function labelSetOf(
  state: EngineState,
  namespace: NamespaceState,
  pod: { readonly labels: Labels; readonly ports: readonly ContainerPort[] },
): LabelSet {
  const ports = namedPorts(pod.ports)
  const described: Described = { ...describe(pod.labels, ports), namespace, labels: pod.labels, ports }
  return findText(namespace.labelSets, described.text) ?? createLabelSet(state, described)
}

/** The expressions of an identity have changed with its namespace: another identity takes its place. */
export function replaceIdentity(
  state: EngineState,
  identity: Identity,
  expressions: readonly Expression[],
): Identity {
  for (const each of identity.expressions) each.identities = withoutItem(each.identities, identity)
  unlist(state, identity)
  const replacement = createIdentity(state, identity, expressions)
  for (const labelSet of identity.labelSets) moveLabelSet(state, labelSet, replacement)
  return replacement
}

export function mention(state: EngineState, { counts, carriers }: Mentions, word: string): void {
  const count = counts.get(word)
  counts.set(word, (count ?? 0) + 1)
  if (count === undefined) projectAgain(state, carriers.get(word) ?? [])
}

/** Says whether that was the last one; until `forgetMention` the word still tells identities apart. */
export function releaseMention({ counts }: Mentions, word: string): boolean {
  const count = (counts.get(word) ?? 0) - 1
  counts.set(word, count)
  return count === 0
}

export function forgetMention(state: EngineState, { counts, carriers }: Mentions, word: string): void {
  if (counts.get(word) !== 0) return
  counts.delete(word)
  projectAgain(state, carriers.get(word) ?? [])
}

/** Out of the places where identities are looked up. */
export function unlist(state: EngineState, identity: Identity): void {
  const { identities } = identity.namespace
  if (findText(identities.items, identity.text) !== identity) return
  removeItem(identities, identity)
  if (state.identityIndex !== null) removeLabelled(state.identityIndex, identity)
}

/** What tells a label set, or an identity, from others of its namespace. */
interface Described {
  readonly namespace: NamespaceState
  readonly labels: Labels
  readonly ports: readonly ContainerPort[]
  readonly text: string
  readonly portsText: string
}

function describe(labels: Labels, ports: readonly ContainerPort[]): Pick<Described, "text" | "portsText"> {
  const portsText = ports.map(containerPortText).join()
  const text = labelsText(labels)
  return { text: portsText === "" ? text : `${text}#${portsText}`, portsText }
}

/** In order, each once; ports without a name are nothing a policy could mean by name. */
function namedPorts(ports: readonly ContainerPort[]): readonly ContainerPort[] {
  if (ports.length === 0) return ports
  const byText = new Map(
    ports.filter(({ name }) => name !== "").map((port) => [containerPortText(port), port]),
  )
  return [...byText.keys()].sort().flatMap((text) => byText.get(text) ?? [])
}

function createLabelSet(state: EngineState, described: Described): LabelSet {
  const { namespace, labels, ports, text } = described
  const identity = identityOf(state, described)
  const labelSet: LabelSet = { namespace, text, labels, ports, pods: NONE, identity, before: null }
  identity.labelSets = withItem(identity.labelSets, labelSet)
  namespace.labelSets = withText(namespace.labelSets, labelSet)
  for (const key of Object.keys(labels)) addToBucket(state.labelKeys.carriers, key, labelSet)
  for (const { name } of ports) addToBucket(state.portNames.carriers, name, labelSet)
  return labelSet
}

function identityOf(state: EngineState, described: Described): Identity {
  const projected = project(state, described)
  const known = findText(projected.namespace.identities.items, projected.text)
  if (known !== undefined) return known
  return createIdentity(state, projected, expressionsHolding(projected))
}

/** Only what is mentioned. */
function project({ labelKeys, portNames }: EngineState, described: Described): Described {
  const { namespace } = described
  const pairs = Object.entries(described.labels)
  const mentioned = pairs.filter(([key]) => labelKeys.counts.has(key))
  const ports = described.ports.filter(({ name }) => portNames.counts.has(name))
  if (mentioned.length === pairs.length && ports.length === described.ports.length) return described
  const labels = Object.fromEntries(mentioned)
  return { namespace, labels, ports, ...describe(labels, ports) }
}

function expressionsHolding({ namespace, labels }: Described): readonly Expression[] {
  const found: Expression[] = []
  const visit = (expression: Expression): void => {
    found.push(expression)
  }
  visitHolding(namespace.expressions, labels, visit)
  for (const { expressions } of namespace.selectors) visitHolding(expressions, labels, visit)
  return found.slice()
}

function createIdentity(
  state: EngineState,
  { namespace, labels, ports, text, portsText }: Described,
  expressions: readonly Expression[],
): Identity {
  const identity: Identity = {
    namespace,
    text,
    labels,
    ports,
    portsText,
    labelSets: NONE,
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

function projectAgain(state: EngineState, carriers: Iterable<LabelSet>): void {
  for (const labelSet of carriers) {
    const { namespace, labels, ports } = labelSet
    const identity = identityOf(state, { ...describe(labels, ports), namespace, labels, ports })
    if (identity !== labelSet.identity) moveLabelSet(state, labelSet, identity)
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
