// The engine: a cluster in, its program out, whole or change by change.
//
// The program depends on the cluster as it is now and on nothing else: not on the order of changes, nor on
// how they were split into batches. Within a batch kinds are applied one after the other, changes of one
// kind in their order, and what is touched is worked out once, at the end.

import type { Lower, PolicyIr, PolicyReference } from "../policy-ir.ts"
import type { Program, ProgramDelta } from "../program.ts"
import type { Change } from "../snapshot.ts"
import { createBatch } from "./batch.ts"
import { createDescriptionTree } from "./description.ts"
import { createLabelledItems } from "./label-index.ts"
import { deleteNamespace, setNamespace } from "./namespace.ts"
import { deleteNode, setNode } from "./node.ts"
import { deletePod, setPod } from "./pod.ts"
import { deletePolicy, setPolicy } from "./policy.ts"
import { viewProgram } from "./program-view.ts"
import { createSelectorIndex } from "./selector-index.ts"
import { settle, settleUntold } from "./settle.ts"
import type { EngineState } from "./state.ts"

export interface EngineOptions {
  readonly lower: Lower
}

export interface Engine {
  /** One batch. Where `lower` throws, nothing of it is applied. */
  readonly apply: (changes: readonly Change[]) => ProgramDelta
  /** A live view, always the same object: what it hands out is true until the next `apply`. */
  readonly program: () => Program
}

export function createEngine({ lower }: EngineOptions): Engine {
  const state = createState()
  const program = viewProgram(state)
  return {
    apply: (changes) => {
      applyChanges(state, changes, lower)
      return settle(state)
    },
    program: () => program,
  }
}

/** The program of an engine that was fed once, and that nobody will feed again. */
export function programOf(changes: readonly Change[], { lower }: EngineOptions): Program {
  const state = createState()
  applyChanges(state, changes, lower)
  settleUntold(state)
  return viewProgram(state)
}

function applyChanges(state: EngineState, changes: readonly Change[], lower: Lower): void {
  const policies = lowerPolicies(changes, lower)
  for (const change of changes) applyNamespace(state, change)
  for (const { reference, ir } of policies) {
    if (ir === null) deletePolicy(state, reference)
    else setPolicy(state, ir)
  }
  for (const change of changes) applyNode(state, change)
  for (const change of changes) applyPod(state, change)
}

/** A policy that is set, or gone where `ir` is null. */
interface PolicyChange {
  readonly reference: PolicyReference
  readonly ir: PolicyIr | null
}

function lowerPolicies(changes: readonly Change[], lower: Lower): readonly PolicyChange[] {
  const lowered: PolicyChange[] = []
  for (const change of changes) {
    if (change.kind !== "policy") continue
    if (change.op === "set") {
      const ir = lower(change.value)
      lowered.push({ reference: ir.policy, ir })
    } else {
      const { policyKind: kind, namespace, name } = change
      lowered.push({ reference: { kind, namespace, name }, ir: null })
    }
  }
  return lowered
}

function applyNamespace(state: EngineState, change: Change): void {
  if (change.kind !== "namespace") return
  if (change.op === "set") setNamespace(state, change.value)
  else deleteNamespace(state, change.name)
}

function applyNode(state: EngineState, change: Change): void {
  if (change.kind !== "node") return
  if (change.op === "set") setNode(state, change.value)
  else deleteNode(state, change.name)
}

function applyPod(state: EngineState, change: Change): void {
  if (change.kind !== "pod") return
  if (change.op === "set") setPod(state, change.value)
  else deletePod(state, change.namespace, change.name)
}

function createState(): EngineState {
  return {
    namespaces: createLabelledItems(),
    namespaceSelectors: createSelectorIndex(),
    podSelectors: new Map(),
    descriptions: createDescriptionTree(),
    identityIndex: null,
    labelKeys: { counts: new Map(), carriers: new Map() },
    portNames: { counts: new Map(), carriers: new Map() },
    policies: new Map(),
    stacks: new Map(),
    classes: new Map(),
    addressSets: new Map(),
    namedPortSets: new Map(),
    addresses: new Map(),
    nodes: new Map(),
    nodePrograms: new Map(),
    families: { IPv4: 0, IPv6: 0 },
    usedFamilies: [],
    expressionCount: 0,
    mark: 0,
    batch: createBatch(1),
  }
}
