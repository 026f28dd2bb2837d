// All that an engine's state holds, in words that do not depend on how it came to hold it.

import { itemsOf, sizeOf } from "../../src/compile/engine/bag.ts"
import type {
  Description,
  DescriptionTree,
  EngineState,
  Expression,
  Identity,
  Mentions,
  NamespaceState,
  SharedSet,
} from "../../src/compile/engine/state.ts"

export function inventory(state: EngineState): readonly string[] {
  const namespaces = [...itemsOf(state.namespaces.items)]
  const selectors = [...itemsOf(state.namespaceSelectors.all)]
  const expressions = [...namespaces, ...selectors].flatMap((scope) => [...itemsOf(scope.expressions.all)])
  return [
    ...namespaces.flatMap(namespaceLines),
    ...selectors.map(({ text, uses, namespaces }) => `selector ${text} ${uses} ${names(namespaces)}`),
    ...expressions.map(expressionLine),
    ...descriptionsIn(state.descriptions).map((each) => `description ${describe(each)} ${each.uses}`),
    ...[...state.podSelectors.values()].map(({ text, uses }) => `pod selector ${text} ${uses}`),
    ...mentionLines("label", state.labelKeys),
    ...mentionLines("port", state.portNames),
    ...[...state.policies.keys()].map((text) => `policy ${text}`),
    `stacks ${state.stacks.size}`,
    ...[...state.classes.values()].map(({ policyClass, uses }) => `class ${policyClass.key} ${uses}`),
    ...[...state.addressSets.values()].map((set) => `set ${setWords(set)}`),
    ...[...state.namedPortSets.values()].map((set) => `named port set ${setWords(set)}`),
    ...[...state.addresses.values()].map(({ address, owner, rivals }) => {
      return `address ${address} ${owner?.namespace.key} ${owner?.key} ${rivals.length}`
    }),
    ...[...state.nodes.values()].map(
      ({ name, pods, awaiting, pending, classes }) =>
        `node ${name} ${pods.length} ${awaiting.length} ${pending.length} ${classes.length}`,
    ),
    `families ${state.families.IPv4} ${state.families.IPv6}`,
    `touched ${state.batch.addresses.length} ${state.batch.identities.length} ${state.batch.nodes.length}`,
  ].sort()
}

function namespaceLines(namespace: NamespaceState): readonly string[] {
  const { key, declared, observed, uses, pods, hostPods, labelSets, selectors, identities } = namespace
  return [
    `namespace ${key} ${declared} ${observed} ${uses} ${sizeOf(pods)} ${sizeOf(hostPods)} ${names(selectors)}`,
    ...Array.from(itemsOf(labelSets), (each) => {
      return `label set ${key} ${describe(each.key)} ${each.pods.length} of ${describe(each.identity.key)}`
    }),
    ...Array.from(itemsOf(identities.items), identityLine),
  ]
}

function identityLine({ namespace, key, labelSets, expressions, ingress, egress }: Identity): string {
  const classes = [ingress, egress].map((each) => each?.policyClass.key).join(" ")
  return `identity ${namespace.key} ${describe(key)} ${sizeOf(labelSets)} ${names(expressions)} ${classes}`
}

function expressionLine({
  text,
  uses,
  identities,
  policies,
  addressSets,
  namedPortSets,
}: Expression): string {
  const sizes = [identities, policies, addressSets, namedPortSets].map((bag) => sizeOf<object>(bag))
  return `expression ${text} ${uses} ${sizes.join(" ")}`
}

function descriptionsIn(tree: DescriptionTree): readonly Description[] {
  const here = [tree.withoutPorts, ...(tree.byPorts?.values() ?? [])].filter((each) => each !== null)
  const below = [...(tree.byLabel?.values() ?? [])].flatMap((values) => [...values.values()])
  return [...here, ...below.flatMap(descriptionsIn)]
}

function describe({ labels, portsText }: Description): string {
  return `${Object.entries(labels)
    .map((pair) => pair.join("="))
    .sort()
    .join()}#${portsText}`
}

function mentionLines(what: string, { counts, carriers }: Mentions): readonly string[] {
  return [
    ...[...counts].map(([word, count]) => `${what} ${word} mentioned ${count}`),
    ...[...carriers].map(([word, bag]) => `${what} ${word} carried ${sizeOf(bag)}`),
  ]
}

function setWords({ key, classes, nodes }: SharedSet): string {
  const held = Array.from(itemsOf(nodes), ({ name }) => name)
  return `${key} ${sizeOf(classes)} ${held.sort().join(" ")}`
}

function names(all: Iterable<{ readonly text: string }>): string {
  return Array.from(all, ({ text }) => text)
    .sort()
    .join("|")
}
