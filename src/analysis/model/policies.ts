// Policies, found by the identities that they select, and the words that they mention.

import type {
  AddressBlock,
  Direction,
  PodExpression,
  PolicyIr,
  PolicyReference,
} from "../../compile/policy-ir.ts"
import { comparePolicies } from "../../compile/policy-order.ts"
import { type Selector, selects } from "../../compile/selector.ts"
import type { PolicyObject } from "../../compile/snapshot.ts"
import type { Identity } from "../cluster-view.ts"
import { lookUp, put, putInner, remove, removeInner, valuesOf } from "../layered-map.ts"
import { forget, mention, type NewWords } from "./mentions.ts"
import { namespaceHolds } from "./namespaces.ts"
import type { ModelState, PolicyEntry, PolicyWords } from "./state.ts"

export function policyKey({ kind, namespace, name }: PolicyReference): string {
  return `${kind} ${namespace}/${name}`
}

export function setPolicy(state: ModelState, object: PolicyObject, words: NewWords): void {
  const { kind, metadata } = object
  const key = policyKey({ kind, namespace: metadata.namespace, name: metadata.name })
  const ir = state.lower(object)
  const entry: PolicyEntry = { key, object, ir, words: wordsOf(ir) }
  const before = lookUp(state.policies, key)
  mention(state, entry.words, words)
  if (before !== undefined) withdraw(state, before)
  put(state.policies, key, entry)
  for (const anchor of anchorsOf(ir.subject)) putInner(state.subjects, [anchor, key], entry)
}

export function deletePolicy(state: ModelState, reference: PolicyReference): void {
  const entry = lookUp(state.policies, policyKey(reference))
  if (entry !== undefined) withdraw(state, entry)
}

function withdraw(state: ModelState, entry: PolicyEntry): void {
  remove(state.policies, entry.key)
  for (const anchor of anchorsOf(entry.ir.subject)) removeInner(state.subjects, anchor, entry.key)
  forget(state, entry.words)
}

/** Those that select pods of an identity and speak of the direction, in the order of evaluation. */
export function policiesSelecting(
  state: ModelState,
  identity: Identity,
  direction: Direction,
): readonly PolicyEntry[] {
  if (identity.kind === "host") return []
  return selectingAny(state, identity).filter(({ ir }) => ir[direction] !== undefined)
}

interface Selecting {
  readonly identity: Identity
  readonly revision: number
  readonly entries: readonly PolicyEntry[]
}

/** Who asks for one direction of an identity asks for the other next. */
const lastAsked = new WeakMap<ModelState, Selecting>()

function selectingAny(state: ModelState, identity: Identity): readonly PolicyEntry[] {
  const { revision } = state
  const last = lastAsked.get(state)
  if (last?.identity === identity && last.revision === revision) return last.entries
  const entries: PolicyEntry[] = []
  for (const anchor of anchorsMet(identity)) {
    const found = lookUp(state.subjects, anchor)
    if (found === undefined) continue
    for (const entry of valuesOf(found)) {
      if (expressionHolds(state, entry.ir.subject, identity)) entries.push(entry)
    }
  }
  entries.sort((a, b) => comparePolicies(a.ir, b.ir))
  lastAsked.set(state, { identity, revision, entries })
  return entries
}

/** Whether a pod expression holds the pods of an identity; host-network pods are in none. */
export function expressionHolds(
  state: ModelState,
  { namespaces, pods }: PodExpression,
  identity: Identity,
): boolean {
  if (identity.kind === "host") return false
  const isInScope =
    namespaces.kind === "name"
      ? namespaces.name === identity.namespace
      : namespaceHolds(state, namespaces.selector, identity.namespace)
  return isInScope && selects(pods, identity.labels)
}

/** Where a subject is kept: under each value of its narrowest `in`, else a key that must be there, else its scope alone. */
function anchorsOf({ namespaces, pods }: PodExpression): readonly string[] {
  const scope = namespaces.kind === "name" ? scopeOf(namespaces.name) : EVERYWHERE
  let narrowest: { readonly key: string; readonly values: ReadonlySet<string> } | undefined
  let needed: string | undefined
  for (const requirement of pods) {
    if (requirement.op === "exists") needed ??= requirement.key
    else if (requirement.op === "in" && requirement.values.size < (narrowest?.values.size ?? Infinity)) {
      narrowest = requirement
    }
  }
  if (narrowest !== undefined) {
    const { key, values } = narrowest
    return Array.from(values, (value) => anchor(scope, key, value))
  }
  return [needed === undefined ? scope : anchor(scope, needed)]
}

function* anchorsMet({ namespace, labels }: Identity): Generator<string> {
  for (const scope of [scopeOf(namespace), EVERYWHERE]) {
    yield scope
    for (const [key, value] of Object.entries(labels)) {
      yield anchor(scope, key)
      yield anchor(scope, key, value)
    }
  }
}

const EVERYWHERE = "*"

function scopeOf(namespace: string): string {
  return `=${namespace}`
}

/** Neither keys nor values of labels have line ends: what has them is found under another anchor, or not at all. */
function anchor(scope: string, key: string, value?: string): string {
  return value === undefined ? `${scope}\n${key}` : `${scope}\n${key}\n${value}`
}

function wordsOf(ir: PolicyIr): PolicyWords {
  const labelKeys = new Set(keysOf(ir.subject.pods))
  const portNames = new Set<string>()
  const blocks: Record<Direction, AddressBlock[]> = { ingress: [], egress: [] }
  for (const direction of ["ingress", "egress"] as const) {
    for (const { peers, ports } of ir[direction]?.rules ?? []) {
      if (ports.kind === "some") for (const { name } of ports.names) portNames.add(name)
      if (peers.kind === "any") continue
      for (const { pods } of peers.pods) for (const key of keysOf(pods)) labelKeys.add(key)
      blocks[direction].push(...peers.blocks)
    }
    blocks[direction].push(...(ir.unheard?.[direction] ?? []))
  }
  return { labelKeys: [...labelKeys], portNames: [...portNames], blocks }
}

function keysOf(selector: Selector): readonly string[] {
  return selector.map(({ key }) => key)
}
