// What a model holds. Records are never changed, only replaced: the cluster as it would be is a layer on top.

import { type Address, familyOf, parseAddress } from "../../compile/address-ranges.ts"
import type { AddressBlock, Direction, Lower } from "../../compile/policy-ir.ts"
import type { AddressFamily, Enforcement, Labels, Node, Pod, Service } from "../../compile/snapshot.ts"
import type { Identity, PolicyRecord } from "../cluster-view.ts"
import { createLayer, type LayeredMap, type Nested } from "../layered-map.ts"
import type { Block, Span } from "./blocks.ts"

export interface PodRecord {
  /** "namespace/name" */
  readonly key: string
  readonly pod: Pod
  /** Of its own; [] for a finished pod. */
  readonly addresses: readonly Address[]
  /** Null while it has finished. */
  readonly identity: Identity | null
}

export interface PolicyEntry extends PolicyRecord {
  readonly words: PolicyWords
}

/** What a policy mentions, and so tells pods apart by. */
export interface PolicyWords {
  readonly labelKeys: readonly string[]
  readonly portNames: readonly string[]
  readonly blocks: Readonly<Record<Direction, readonly AddressBlock[]>>
}

export interface MentionedBlock extends Readonly<Record<Direction, number>> {
  readonly block: Block
}

export interface ModelState {
  /** What this one is a layer upon. */
  readonly below: ModelState | null
  readonly lower: Lower
  /** Where addresses that are not known could be; [] for anywhere. */
  readonly podRanges: readonly Span[]
  enforcement: Enforcement
  /** Of namespaces with an object, their names among them. */
  readonly namespaces: LayeredMap<string, Labels>
  readonly nodes: LayeredMap<string, Node>
  readonly services: LayeredMap<string, Service>
  /** By namespace and name. */
  readonly pods: Nested<string, string, PodRecord>
  /** Pods that have none of their own: their addresses are their node's, or not known. */
  readonly unaddressed: LayeredMap<string, true>
  /** Names of the pods that claim an address, the owner first. */
  readonly claims: LayeredMap<string, readonly string[]>
  /** How many addresses and ranges of pods and nodes there are. */
  readonly families: Record<AddressFamily, number>
  readonly policies: LayeredMap<string, PolicyEntry>
  /** Policies by what their subject must have: see policies.ts. */
  readonly subjects: Nested<string, string, PolicyEntry>
  /** By word; 0 for one that is mentioned no longer and still tells identities apart. */
  readonly labelKeys: LayeredMap<string, number>
  readonly portNames: LayeredMap<string, number>
  readonly blocks: LayeredMap<string, MentionedBlock>
  /** By namespace and key. */
  readonly identities: Nested<string, string, Identity>
  /** Pods by their identity's key and their own. */
  readonly members: Nested<string, string, Pod>
  /** Pods that say their controller, by its workload's key and their own. Put again when their identity changes. */
  readonly controlled: Nested<string, string, Pod>
  /** Words with the count 0. */
  unusedWords: number
  /** Counts changes, so that what was computed before them is computed again. */
  revision: number
  /** The same of pods and their identities alone. */
  podsRevision: number
}

export interface StateOptions {
  readonly lower: Lower
  readonly enforcement: Enforcement
  readonly podRanges: readonly Span[]
}

export function createState({ lower, enforcement, podRanges }: StateOptions): ModelState {
  return {
    below: null,
    lower,
    podRanges,
    enforcement,
    namespaces: createLayer(),
    nodes: createLayer(),
    services: createLayer(),
    pods: createLayer(),
    unaddressed: createLayer(),
    claims: createLayer(),
    families: { IPv4: 0, IPv6: 0 },
    policies: createLayer(),
    subjects: createLayer(),
    labelKeys: createLayer(),
    portNames: createLayer(),
    blocks: createLayer(),
    identities: createLayer(),
    members: createLayer(),
    controlled: createLayer(),
    unusedWords: 0,
    revision: 0,
    podsRevision: 0,
  }
}

/** A state that can be changed without this one being touched, as long as this one is not changed itself. */
export function stateUpon(state: ModelState): ModelState {
  return {
    below: state,
    lower: state.lower,
    podRanges: state.podRanges,
    enforcement: state.enforcement,
    namespaces: createLayer(state.namespaces),
    nodes: createLayer(state.nodes),
    services: createLayer(state.services),
    pods: createLayer(state.pods),
    unaddressed: createLayer(state.unaddressed),
    claims: createLayer(state.claims),
    families: { ...state.families },
    policies: createLayer(state.policies),
    subjects: createLayer(state.subjects),
    labelKeys: createLayer(state.labelKeys),
    portNames: createLayer(state.portNames),
    blocks: createLayer(state.blocks),
    identities: createLayer(state.identities),
    members: createLayer(state.members),
    controlled: createLayer(state.controlled),
    unusedWords: state.unusedWords,
    revision: state.revision,
    podsRevision: state.podsRevision,
  }
}

/** As in src/explain: what is seen of addresses, or of the ranges that are given; both where nothing is. */
export function familiesOf({ families, podRanges }: ModelState): readonly AddressFamily[] {
  const both: readonly AddressFamily[] = ["IPv4", "IPv6"]
  const used = both.filter((family) =>
    podRanges.length > 0 ? podRanges.some((each) => each.family === family) : families[family] > 0,
  )
  return used.length === 0 ? both : used
}

export function readAddresses(texts: readonly string[]): readonly Address[] {
  return texts.flatMap((text) => parseAddress(text) ?? [])
}

/** One more, or one less, address or range of each family. */
export function countFamilies({ families }: ModelState, texts: readonly string[], by: 1 | -1): void {
  for (const text of texts) families[familyOf(text)] += by
}
