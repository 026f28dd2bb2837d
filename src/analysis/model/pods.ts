// Pods, the addresses they own, and the identities that these and their labels make.
//
// Host-network and finished pods own no address. Where several others claim one, the first by
// "namespace/name" owns it; the others have it not, until the owner goes.

import type { Address } from "../../compile/address-ranges.ts"
import { labelValue } from "../../compile/selector.ts"
import type { Node, Pod } from "../../compile/snapshot.ts"
import type { AddressPlace, Identity } from "../cluster-view.ts"
import {
  entriesOf,
  lookUp,
  lookUpInner,
  put,
  putInner,
  remove,
  removeInner,
  valuesOf,
} from "../layered-map.ts"
import { blocksAround } from "./block-index.ts"
import { holdsAddress, holdsAll, placeOf, type Span } from "./blocks.ts"
import type { NewWords } from "./mentions.ts"
import { countFamilies, familiesOf, type ModelState, type PodRecord, readAddresses } from "./state.ts"
import { workloadOf } from "./workloads.ts"

function podKey({ namespace, name }: Pick<Pod, "namespace" | "name">): string {
  return `${namespace}/${name}`
}

/** Its identity is found by `identify`, when all changes are known. Says which pods that concerns. */
export function setPod(state: ModelState, pod: Pod, dirty: Set<string>): void {
  const key = podKey(pod)
  withdraw(state, pod, dirty)
  const addresses = pod.finished ? [] : readAddresses(pod.addresses)
  const record: PodRecord = { key, pod, addresses, identity: null }
  putInner(state.pods, [pod.namespace, pod.name], record)
  state.podsRevision += 1
  countFamilies(state, pod.addresses, 1)
  if (pod.finished) return
  if (addresses.length === 0) put(state.unaddressed, key, true)
  else if (!pod.hostNetwork) for (const address of new Set(pod.addresses)) claim(state, address, [key, dirty])
  dirty.add(key)
}

export function deletePod(
  state: ModelState,
  name: Pick<Pod, "namespace" | "name">,
  dirty: Set<string>,
): void {
  withdraw(state, name, dirty)
}

export function recordOf(
  state: ModelState,
  { namespace, name }: Pick<Pod, "namespace" | "name">,
): PodRecord | undefined {
  return lookUpInner(state.pods, namespace, name)
}

function withdraw(state: ModelState, name: Pick<Pod, "namespace" | "name">, dirty: Set<string>): void {
  const before = recordOf(state, name)
  if (before === undefined) return
  const { key, pod } = before
  if (before.identity !== null) leave(state, before, before.identity)
  removeInner(state.pods, pod.namespace, pod.name)
  state.podsRevision += 1
  remove(state.unaddressed, key)
  dirty.delete(key)
  countFamilies(state, pod.addresses, -1)
  if (pod.finished || pod.hostNetwork) return
  for (const address of new Set(pod.addresses)) disclaim(state, address, [key, dirty])
}

type Claimant = readonly [key: string, dirty: Set<string>]

function claim(state: ModelState, address: string, [key, dirty]: Claimant): void {
  const before = lookUp(state.claims, address) ?? []
  const after = before.length === 0 ? [key] : [...before, key].sort()
  put(state.claims, address, after)
  if (before[0] !== undefined && after[0] === key) dirty.add(before[0])
}

function disclaim(state: ModelState, address: string, [key, dirty]: Claimant): void {
  const before = lookUp(state.claims, address) ?? []
  const after = before.filter((each) => each !== key)
  if (after.length === 0) remove(state.claims, address)
  else put(state.claims, address, after)
  if (before[0] === key && after[0] !== undefined) dirty.add(after[0])
}

/** Puts a pod where it belongs now. */
export function identify(state: ModelState, key: string): void {
  const slash = key.indexOf("/")
  const record = lookUpInner(state.pods, key.slice(0, slash), key.slice(slash + 1))
  if (record === undefined || record.pod.finished) return
  const identity = identityOf(state, record)
  if (identity.key === record.identity?.key) return
  if (record.identity !== null) leave(state, record, record.identity)
  const { pod } = record
  const known = lookUpInner(state.identities, pod.namespace, identity.key)
  if (known === undefined) putInner(state.identities, [pod.namespace, identity.key], identity)
  putInner(state.members, [identity.key, key], pod)
  if (pod.controller !== undefined) putInner(state.controlled, [workloadOf(pod).key, key], pod)
  const placed = { ...record, identity: known ?? identity }
  putInner(state.pods, [pod.namespace, pod.name], placed)
  state.podsRevision += 1
}

function leave(state: ModelState, { key, pod }: PodRecord, identity: Identity): void {
  removeInner(state.members, identity.key, key)
  if (pod.controller !== undefined) removeInner(state.controlled, workloadOf(pod).key, key)
  if (lookUp(state.members, identity.key) === undefined) {
    removeInner(state.identities, pod.namespace, identity.key)
  }
}

function identityOf(state: ModelState, record: PodRecord): Identity {
  const { pod } = record
  const kind = pod.hostNetwork ? "host" : "pods"
  const labels = pod.hostNetwork
    ? []
    : Object.entries(pod.labels)
        .filter(([key]) => lookUp(state.labelKeys, key) !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
  const ports = pod.hostNetwork
    ? []
    : pod.ports.filter(({ name }) => name !== "" && lookUp(state.portNames, name) !== undefined)
  const { places, addressed } = placesOf(state, record)
  const portTexts = new Set(ports.map(({ name, protocol, port }) => `${name} ${protocol} ${port}`))
  const key = JSON.stringify([
    pod.namespace,
    kind,
    labels,
    [...portTexts].sort(),
    addressed,
    places.map((place) => place.key),
  ])
  const { namespace } = pod
  return { kind, key, namespace, labels: Object.fromEntries(labels), ports, places, addressed }
}

interface Places {
  readonly places: readonly AddressPlace[]
  readonly addressed: boolean
}

function placesOf(state: ModelState, { key, pod, addresses }: PodRecord): Places {
  if (addresses.length > 0) {
    const own = pod.addresses.filter((each) => pod.hostNetwork || isOwner(state, key, each))
    return { places: placesOfAddresses(state, readAddresses(own)), addressed: true }
  }
  const node = pod.hostNetwork ? lookUp(state.nodes, pod.node) : undefined
  const hosts = readAddresses(node?.addresses ?? [])
  if (hosts.length > 0) return { places: placesOfAddresses(state, hosts), addressed: true }
  const places = familiesOf(state).map((family) => {
    const given = pod.hostNetwork ? [] : state.podRanges.filter((each) => each.family === family)
    const candidates = given.length > 0 ? given : [WHOLE[family]]
    const holding = Array.from(valuesOf(state.blocks)).filter(({ block }) => holdsAll(block, candidates))
    return placeOf(
      family,
      holding.map(({ block }) => block.text),
    )
  })
  return { places, addressed: false }
}

function isOwner({ claims }: ModelState, key: string, address: string): boolean {
  const owner = lookUp(claims, address)?.[0]
  return owner === undefined || owner === key
}

function placesOfAddresses(state: ModelState, addresses: readonly Address[]): readonly AddressPlace[] {
  const places = new Map<string, AddressPlace>()
  for (const address of addresses) {
    const place = placeOf(address.family, blocksAround(state, address))
    places.set(place.key, place)
  }
  return [...places.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

const WHOLE = {
  IPv4: { family: "IPv4", from: 0, end: 2 ** 32 },
  IPv6: { family: "IPv6", from: 0n, end: 1n << 128n },
} as const satisfies Record<string, Span>

/** Pods that words which are new may tell apart from others. */
export function markTouched(state: ModelState, words: NewWords, dirty: Set<string>): void {
  const { labelKeys, portNames, blocks } = words
  if (labelKeys.size + portNames.size + blocks.size === 0) return
  const [keys, names, spans] = [[...labelKeys], [...portNames], [...blocks.values()]]
  for (const namespace of valuesOf(state.pods)) {
    for (const { key, pod, addresses } of valuesOf(namespace)) {
      if (pod.finished) continue
      const isTouched =
        keys.some((each) => labelValue(pod.labels, each) !== undefined) ||
        (names.length > 0 && pod.ports.some(({ name }) => portNames.has(name))) ||
        (spans.length > 0 && addresses.some((each) => spans.some((block) => holdsAddress(block, each))))
      if (isTouched) dirty.add(key)
    }
  }
  if (spans.length > 0) markUnaddressed(state, dirty)
}

export function markUnaddressed(state: ModelState, dirty: Set<string>): void {
  for (const [key] of entriesOf(state.unaddressed)) dirty.add(key)
}

export function markAll(state: ModelState, dirty: Set<string>): void {
  for (const namespace of valuesOf(state.pods)) for (const { key } of valuesOf(namespace)) dirty.add(key)
}

/** Host-network pods without addresses have their node's. */
export function setNode(
  state: ModelState,
  name: string,
  { node, dirty }: { readonly node: Node | null; readonly dirty: Set<string> },
): void {
  const before = lookUp(state.nodes, name)
  const textsOf = (each: Node | null | undefined) => [...(each?.addresses ?? []), ...(each?.podCIDRs ?? [])]
  countFamilies(state, textsOf(before), -1)
  countFamilies(state, textsOf(node), 1)
  if (node === null) remove(state.nodes, name)
  else put(state.nodes, name, node)
  if ((before?.addresses ?? []).join(" ") !== (node?.addresses ?? []).join(" ")) markUnaddressed(state, dirty)
}
