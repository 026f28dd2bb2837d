// Pods' labels and named ports, interned for the whole cluster: the pods of a Deployment share one description,
// and so do those of the same Deployment in a thousand namespaces.
//
// Policies see of it only the words (label keys, port names) that some policy mentions. That projection
// changes only when a word comes into use or goes out of it, and only for the descriptions with the word.

import type { ContainerPort, Labels } from "../snapshot.ts"
import { NONE } from "./bag.ts"
import { addToBucket, dropFromBucket } from "./buckets.ts"
import { containerPortText } from "./canonical-text.ts"
import type { Description, DescriptionTree, EngineState } from "./state.ts"

export function createDescriptionTree(): DescriptionTree {
  return { byLabel: null, withoutPorts: null, byPorts: null }
}

export function findDescription(
  state: EngineState,
  labels: Labels,
  ports: readonly ContainerPort[],
): Description {
  return intern(state, labels, ports.length === 0 ? NONE : namedPorts(ports))
}

/** What of it some policy mentions. */
export function projectionOf(description: Description): Description {
  return description.projection ?? description
}

/** For one more user, which `releaseDescription` gives back. */
export function useDescription(description: Description): Description {
  description.uses += 1
  return description
}

export function releaseDescription({ batch }: EngineState, description: Description): void {
  description.uses -= 1
  if (description.uses === 0) batch.unused.descriptions.push(description)
}

/** Brings its projection up to date. */
export function projectAgain(state: EngineState, description: Description): void {
  const before = description.projection
  description.projection = project(state, description)
  if (before !== null) releaseDescription(state, before)
}

/** For good, where nothing uses it. */
export function removeDescription(state: EngineState, description: Description): void {
  const { labels, ports, projection } = description
  if (description.uses !== 0) return
  description.uses = -1
  prune(state.descriptions, description, sortedKeys(labels))
  for (const key of Object.keys(labels)) dropFromBucket(state.labelKeys.carriers, key, description)
  for (const name of portNames(ports)) dropFromBucket(state.portNames.carriers, name, description)
  if (projection !== null) releaseDescription(state, projection)
}

/** In order, each once; ports without a name are nothing that a policy could mean by name. */
function namedPorts(ports: readonly ContainerPort[]): readonly ContainerPort[] {
  const named = ports.filter(({ name }) => name !== "")
  if (named.length <= 1) return named
  const byText = new Map(named.map((port) => [containerPortText(port), port]))
  return [...byText.keys()].sort().flatMap((text) => byText.get(text) ?? [])
}

/** One name may stand for several ports. */
function portNames(ports: readonly ContainerPort[]): Iterable<string> {
  return ports.length === 0 ? NONE : new Set(ports.map(({ name }) => name))
}

function intern(state: EngineState, labels: Labels, ports: readonly ContainerPort[]): Description {
  const leaf = leafOf(state.descriptions, labels)
  const portsText = ports.length === 0 ? "" : ports.map(containerPortText).join()
  const known = portsText === "" ? leaf.withoutPorts : (leaf.byPorts?.get(portsText) ?? null)
  if (known !== null) return known
  const made: Description = { labels, ports, portsText, projection: null, labelSets: [], uses: 0 }
  if (portsText === "") leaf.withoutPorts = made
  else {
    leaf.byPorts ??= new Map()
    leaf.byPorts.set(portsText, made)
  }
  for (const key of Object.keys(labels)) addToBucket(state.labelKeys.carriers, key, made)
  for (const name of portNames(ports)) addToBucket(state.portNames.carriers, name, made)
  made.projection = project(state, made)
  return made
}

function leafOf(root: DescriptionTree, labels: Labels): DescriptionTree {
  let tree = root
  for (const key of sortedKeys(labels)) {
    tree.byLabel ??= new Map()
    let values = tree.byLabel.get(key)
    if (values === undefined) {
      values = new Map()
      tree.byLabel.set(key, values)
    }
    const value = labels[key] ?? ""
    let child = values.get(value)
    if (child === undefined) {
      child = createDescriptionTree()
      values.set(value, child)
    }
    tree = child
  }
  return tree
}

/** The API server writes them in order. */
function sortedKeys(labels: Labels): readonly string[] {
  const keys = Object.keys(labels)
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] ?? "") > (keys[i] ?? "")) return keys.sort()
  return keys
}

/** Null where all of it is mentioned. */
function project(state: EngineState, { labels, ports }: Description): Description | null {
  const keys = Object.keys(labels)
  const mentioned = keys.filter((key) => state.labelKeys.counts.has(key))
  const named = ports.filter(({ name }) => state.portNames.counts.has(name))
  if (mentioned.length === keys.length && named.length === ports.length) return null
  const rest = Object.fromEntries(mentioned.map((key) => [key, labels[key] ?? ""]))
  return useDescription(intern(state, rest, named))
}

/** Takes a description out of the tree, and the branches that led only to it; says whether nothing is left. */
function prune(tree: DescriptionTree, description: Description, keys: readonly string[]): boolean {
  const [key, ...rest] = keys
  if (key === undefined) {
    if (tree.withoutPorts === description) tree.withoutPorts = null
    tree.byPorts?.delete(description.portsText)
  } else {
    const values = tree.byLabel?.get(key)
    const value = description.labels[key] ?? ""
    const child = values?.get(value)
    if (child !== undefined && prune(child, description, rest)) values?.delete(value)
    if (values?.size === 0) tree.byLabel?.delete(key)
  }
  return tree.withoutPorts === null && !tree.byPorts?.size && !tree.byLabel?.size
}
