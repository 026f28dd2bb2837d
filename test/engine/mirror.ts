// What a node would have that was told the program once and deltas from then on.
//
// It is strict: what comes was not there, what goes was, and nothing is told twice.

import { deepEqual, notDeepEqual } from "node:assert/strict"
import type {
  Endpoint,
  NamedPortMember,
  NodeDelta,
  NodeProgram,
  PendingPod,
  PolicyClass,
  Program,
  ProgramDelta,
} from "../../src/compile/program.ts"

export interface Mirror {
  families: readonly string[]
  readonly nodes: Map<string, NodeMirror>
}

export interface NodeMirror {
  podCIDRs: readonly string[]
  readonly endpoints: Map<string, Endpoint>
  pending: readonly PendingPod[]
  readonly classes: Map<string, PolicyClass>
  readonly sets: Map<string, Set<string>>
  readonly namedPortSets: Map<string, Set<string>>
}

export function mirrorOf(program: Program): Mirror {
  const nodes = [...program.nodes].map(([name, node]) => [name, nodeMirror(program, node)] as const)
  return { families: program.families, nodes: new Map(nodes) }
}

/** Makes `mirror` follow; `program` is what the delta led to, asked only for what is new to a node. */
export function follow(mirror: Mirror, delta: ProgramDelta, program: Program): void {
  if (delta.families !== null) mirror.families = delta.families
  const lost: PolicyClass[] = []
  for (const each of delta.nodes) lost.push(...followNode(mirror, each, program))
  deepEqual(byKey(delta.lostClasses), byKey(lost))
  const told = new Set<string>()
  for (const { key, nodes, ...change } of delta.sets) {
    for (const name of nodes) followSet(memberSet(mirror, name, "sets", key), change, once(told, name, key))
  }
  for (const { key, nodes, added, removed } of delta.namedPortSets) {
    const change = { added: added.map(memberText), removed: removed.map(memberText) }
    for (const name of nodes) {
      followSet(memberSet(mirror, name, "namedPortSets", key), change, once(told, name, `named ${key}`))
    }
  }
}

function nodeMirror(program: Program, node: NodeProgram): NodeMirror {
  const endpoints = [...node.endpoints()].map((each) => [each.address, each] as const)
  return {
    podCIDRs: node.podCIDRs,
    endpoints: new Map(endpoints),
    pending: [...node.pending()],
    classes: new Map([...node.classes()].map((key) => [key, program.policyClass(key)])),
    sets: new Map([...node.sets()].map((key) => [key, addressMembers(program, key)])),
    namedPortSets: new Map([...node.namedPortSets()].map((key) => [key, namedPortMembers(program, key)])),
  }
}

/** The classes that the node lost. */
function followNode(mirror: Mirror, delta: NodeDelta, program: Program): readonly PolicyClass[] {
  const node = delta.state === "added" ? added(mirror, delta.node) : there(mirror.nodes, delta.node)
  if (delta.podCIDRs !== null) node.podCIDRs = delta.podCIDRs
  const changed = new Set(delta.changedAddresses)
  for (const address of delta.removedAddresses) remove(node.endpoints, address)
  for (const endpoint of delta.endpoints) {
    if (changed.delete(endpoint.address)) remove(node.endpoints, endpoint.address)
    add(node.endpoints, endpoint.address, endpoint)
  }
  deepEqual(changed, new Set())
  if (delta.pending !== null) {
    notDeepEqual(delta.pending, node.pending)
    node.pending = delta.pending
  }
  const lost = delta.removedClasses.map((key) => there(node.classes, key))
  for (const key of delta.removedClasses) remove(node.classes, key)
  for (const key of delta.removedSets) remove(node.sets, key)
  for (const key of delta.removedNamedPortSets) remove(node.namedPortSets, key)
  for (const key of delta.addedClasses) add(node.classes, key, program.policyClass(key))
  for (const key of delta.addedSets) add(node.sets, key, addressMembers(program, key))
  for (const key of delta.addedNamedPortSets) add(node.namedPortSets, key, namedPortMembers(program, key))
  if (delta.state === "removed") {
    deepEqual(node.pending, [])
    deepEqual([node.endpoints.size, node.classes.size, node.sets.size, node.namedPortSets.size], [0, 0, 0, 0])
    remove(mirror.nodes, delta.node)
  }
  return lost
}

interface MembersChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

function followSet(members: Set<string>, { added, removed }: MembersChange, _once: true): void {
  for (const member of removed) {
    if (!members.delete(member)) throw new Error(`${member} was no member`)
  }
  for (const member of added) {
    if (members.has(member)) throw new Error(`${member} was a member already`)
    members.add(member)
  }
}

function once(told: Set<string>, node: string, key: string): true {
  const text = JSON.stringify([node, key])
  if (told.has(text)) throw new Error(`told twice: ${text}`)
  told.add(text)
  return true
}

function memberSet(mirror: Mirror, node: string, kind: "sets" | "namedPortSets", key: string): Set<string> {
  return there(there(mirror.nodes, node)[kind], key)
}

function added(mirror: Mirror, name: string): NodeMirror {
  const made = {
    podCIDRs: [],
    endpoints: new Map(),
    pending: [],
    classes: new Map(),
    sets: new Map(),
    namedPortSets: new Map(),
  }
  add(mirror.nodes, name, made)
  return made
}

function addressMembers(program: Program, key: string): Set<string> {
  return distinct([...program.addressSet(key).members()])
}

function namedPortMembers(program: Program, key: string): Set<string> {
  return distinct([...program.namedPortSet(key).members()].map(memberText))
}

function distinct(members: readonly string[]): Set<string> {
  const all = new Set(members)
  if (all.size !== members.length) throw new Error(`a member is there twice: ${members.join(" ")}`)
  return all
}

function memberText({ address, protocol, port }: NamedPortMember): string {
  return `${address} ${protocol} ${port}`
}

function byKey(classes: readonly PolicyClass[]): ReadonlyMap<string, PolicyClass> {
  return new Map(classes.map((each) => [each.key, each]))
}

function there<T>(all: ReadonlyMap<string, T>, key: string): T {
  const found = all.get(key)
  if (found === undefined) throw new Error(`${key} was not there`)
  return found
}

function remove<T>(all: Map<string, T>, key: string): void {
  if (!all.delete(key)) throw new Error(`${key} was not there`)
}

function add<T>(all: Map<string, T>, key: string, value: T): void {
  if (all.has(key)) throw new Error(`${key} was there already`)
  all.set(key, value)
}
