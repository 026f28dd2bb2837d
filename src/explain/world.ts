// A snapshot prepared for questions: who owns an address, what labels a namespace has, policies in order.

import type { AddressFamily, Enforcement, Labels, Node, Pod, Snapshot } from "../compile/snapshot.ts"
import { addressKey, blockHolds, parseAddress, parseBlock } from "./address.ts"
import { type Directory, snapshotDirectory } from "./directory.ts"
import type { Address, Endpoint, JudgeOf } from "./judge.ts"
import { comparePlaces, compareTexts, likenessOf, type RankedPolicy, rankedPolicy } from "./ranked-policy.ts"

/** One end of a flow, as it is named: a pod may have several addresses, an address may be a pod's. */
export type End =
  | { readonly kind: "pod"; readonly pod: Pod }
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "address"; readonly address: string }

export interface WorldSettings {
  /** Where pods without an address could have theirs; [] for anywhere in a family. */
  readonly podCIDRs: readonly string[]
  /** What agents do with an address of a node's pod CIDR that no known pod owns. */
  readonly unknownPodAddresses: "deny" | "allow"
  /** The cluster's mode: of namespaces whose label names none, and of what no policy says. */
  readonly enforcement: Enforcement
}

export const DEFAULT_SETTINGS: WorldSettings = {
  podCIDRs: [],
  unknownPodAddresses: "deny",
  enforcement: "enforce",
}

export interface World extends Directory {
  readonly snapshot: Snapshot
  readonly settings: WorldSettings
  /** Policies that may have a say on pods of the namespace, in order: its own, and cluster-wide ones. */
  readonly policiesFor: (namespace: string) => readonly RankedPolicy[]
  /** Policies of other namespaces that are like enough to the pod (Judge.likeness), in order. */
  readonly policiesElsewhere: (pod: Pod) => Iterable<RankedPolicy>
  readonly namespaceLabels: (namespace: string) => Labels
  /** What its pods are denied is only counted. */
  readonly isObserved: (namespace: string) => boolean
  /** The pod that owns an address: never a finished one, never a host-network one; of several the first by name. */
  readonly ownerOf: (address: string) => Pod | null
  readonly nodeOf: (address: string) => Node | null
  /** The node in whose pod CIDRs the address lies. */
  readonly podNodeOf: (address: Address) => Node | null
  /** Families an unknown address may be of: those that the cluster is seen to use. */
  readonly families: readonly AddressFamily[]
}

export function createWorld(snapshot: Snapshot, judgeOf: JudgeOf, settings = DEFAULT_SETTINGS): World {
  const namespaces = new Map(snapshot.namespaces.map((each) => [each.name, each.labels]))
  const owners = ownersByAddress(snapshot.pods.filter(ownsAddresses).toSorted(byNamespaceAndName))
  const nodes = snapshot.nodes.toSorted((a, b) => compareTexts(a.name, b.name))
  const nodeAddresses = ownersByAddress(nodes)
  const policies = snapshot.policies.map((each) => rankedPolicy(each, judgeOf)).toSorted(comparePlaces)
  const policiesFor = memoised((namespace: string) =>
    policies.filter(({ policy }) => [namespace, ""].includes(policy.metadata.namespace)),
  )
  return {
    ...snapshotDirectory(snapshot),
    snapshot,
    settings,
    policiesFor,
    policiesElsewhere: (pod) =>
      policies.filter(
        (ranked) => !["", pod.namespace].includes(ranked.policy.metadata.namespace) && isLike(ranked, pod),
      ),
    namespaceLabels: (name) => ({ "kubernetes.io/metadata.name": name, ...namespaces.get(name) }),
    isObserved: (name) => observes(namespaces.get(name), settings),
    ownerOf: (address) => owners.get(addressKey(address)) ?? null,
    nodeOf: (address) => nodeAddresses.get(addressKey(address)) ?? null,
    podNodeOf: (address) => nodes.find((node) => inBlocks(address, node.podCIDRs)) ?? null,
    families: familiesInUse(snapshot, settings),
  }
}

function isLike(ranked: RankedPolicy, { labels }: Pod): boolean {
  const likeness = likenessOf(ranked)
  if (likeness.kind !== "label") return likeness.kind === "any"
  return Object.hasOwn(labels, likeness.key) && labels[likeness.key] === likeness.value
}

/** Neither finished nor on its node's network. */
export function ownsAddresses({ hostNetwork, finished }: Pod): boolean {
  return !hostNetwork && !finished
}

export function observes(labels: Labels | undefined, { enforcement }: WorldSettings): boolean {
  const own = new Map(Object.entries(labels ?? {})).get("postern.dev/enforcement")
  return own === "observe" || (own !== "enforce" && enforcement === "observe")
}

/** What an end is on the network, once for each of its addresses. A finished pod owns none. */
export function endpointsOf(end: End, world: World): readonly Endpoint[] {
  switch (end.kind) {
    case "pod":
      return podEndpoints(end.pod, world)
    case "node":
      return nodeAddresses(end.node.addresses, world).map((address): Endpoint => {
        return { kind: "node", node: end.node.name, pod: null, address }
      })
    case "address":
      return [addressEndpoint(end.address, world)]
  }
}

function podEndpoints(pod: Pod, world: World): readonly Endpoint[] {
  if (pod.finished) return []
  if (pod.hostNetwork) {
    const own = pod.addresses.length > 0 ? pod.addresses : (world.nodeNamed(pod.node)?.addresses ?? [])
    return nodeAddresses(own, world).map(
      (address): Endpoint => ({ kind: "node", node: pod.node, pod, address }),
    )
  }
  const addresses =
    pod.addresses.length > 0
      ? pod.addresses.filter((address) => owns(pod, address, world)).map(knownAddress)
      : world.families.map((family): Address => {
          return { kind: "unknown", family, within: podBlocks(family, world.settings) }
        })
  return addresses.map((address): Endpoint => ({ kind: "pod", pod, address }))
}

/** Where several pods claim an address, it is judged as its owner's: to the others nothing can flow. */
function owns(pod: Pod, address: string, world: World): boolean {
  const owner = world.ownerOf(address)
  return owner === null || (owner.namespace === pod.namespace && owner.name === pod.name)
}

function addressEndpoint(text: string, world: World): Endpoint {
  const address = knownAddress(text)
  const pod = world.ownerOf(text)
  if (pod !== null) return { kind: "pod", pod, address }
  const node = world.nodeOf(text)
  if (node !== null) return { kind: "node", node: node.name, pod: null, address }
  return { kind: "outside", address }
}

function nodeAddresses(addresses: readonly string[], world: World): readonly Address[] {
  if (addresses.length > 0) return addresses.map(knownAddress)
  return world.families.map((family): Address => ({ kind: "unknown", family, within: [wholeFamily(family)] }))
}

function knownAddress(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`not an address: ${text}`)
  return { kind: "known", family: parsed.family, text }
}

function podBlocks(family: AddressFamily, settings: WorldSettings): readonly string[] {
  const given = settings.podCIDRs.filter((cidr) => parseBlock(cidr)?.family === family)
  return given.length > 0 ? given : [wholeFamily(family)]
}

function wholeFamily(family: AddressFamily): string {
  return family === "IPv4" ? "0.0.0.0/0" : "::/0"
}

function familiesInUse(snapshot: Snapshot, settings: WorldSettings): readonly AddressFamily[] {
  const seen = [
    ...snapshot.pods.flatMap((pod) => pod.addresses).map((address) => parseAddress(address)?.family),
    ...snapshot.nodes.flatMap((node) => node.addresses).map((address) => parseAddress(address)?.family),
    ...snapshot.nodes.flatMap((node) => node.podCIDRs).map((cidr) => parseBlock(cidr)?.family),
  ]
  return familiesOf(settings, (family) => seen.includes(family))
}

export function familiesOf(
  { podCIDRs }: WorldSettings,
  isSeen: (family: AddressFamily) => boolean,
): readonly AddressFamily[] {
  const both: readonly AddressFamily[] = ["IPv4", "IPv6"]
  const given = podCIDRs.map((cidr) => parseBlock(cidr)?.family)
  const known = both.filter((family) => (given.length > 0 ? given.includes(family) : isSeen(family)))
  return known.length === 0 && given.length === 0 ? both : known
}

export function byNamespaceAndName(a: Pod, b: Pod): number {
  return compareTexts(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)
}

function memoised<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}

/** The first that claims an address has it. */
function ownersByAddress<T extends { readonly addresses: readonly string[] }>(
  all: readonly T[],
): Map<string, T> {
  return new Map(
    all.flatMap((each) => each.addresses.map((address) => [addressKey(address), each] as const)).toReversed(),
  )
}

function inBlocks(address: Address, blocks: readonly string[]): boolean {
  return blocks.some((text) => {
    const block = parseBlock(text)
    return block !== null && blockHolds(block, address)
  })
}
