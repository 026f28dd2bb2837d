// What the status writer keeps of the changes that go to the engine.

import type { PolicyReference } from "../../compile/policy-ir.ts"
import type { Change, Enforcement } from "../../compile/snapshot.ts"
import { policyKey } from "./policy-key.ts"

export interface ClusterNotes {
  follow(changes: readonly Change[]): void
  /** Of a namespace's own; undefined where the cluster's mode is in force. */
  modeOf(namespace: string): Enforcement | undefined
  /** Policies that came, changed or went since the last call. */
  takePolicies(): Iterable<readonly [key: string, policy: PolicyReference]>
}

export interface ClusterNotesOptions {
  readonly onMode: () => void
  readonly onNodeGone: (node: string) => void
  /** Undefined where the namespace has none, or is gone. */
  readonly onLabel: (namespace: string, label: string | undefined) => void
}

const ENFORCEMENT_LABEL = "postern.dev/enforcement"

export function createClusterNotes({ onMode, onNodeGone, onLabel }: ClusterNotesOptions): ClusterNotes {
  const modes = new Map<string, Enforcement>()
  let policies = new Map<string, PolicyReference>()

  const noteMode = (namespace: string, mode: string | undefined): void => {
    onLabel(namespace, mode)
    const before = modes.get(namespace)
    if (mode === "enforce" || mode === "observe") modes.set(namespace, mode)
    else modes.delete(namespace)
    if (modes.get(namespace) !== before) onMode()
  }
  const follow = (change: Change): void => {
    switch (change.kind) {
      case "policy":
        return void policies.set(policyKey(policyOf(change)), policyOf(change))
      case "namespace":
        if (change.op === "delete") return noteMode(change.name, undefined)
        return noteMode(change.value.name, change.value.labels[ENFORCEMENT_LABEL])
      case "node":
        if (change.op === "delete") onNodeGone(change.name)
        return
      case "pod":
      case "service":
        return
    }
  }
  return {
    follow: (changes) => changes.forEach(follow),
    modeOf: (namespace) => modes.get(namespace),
    takePolicies: () => {
      const taken = policies
      policies = new Map()
      return taken
    },
  }
}

function policyOf(change: Extract<Change, { readonly kind: "policy" }>): PolicyReference {
  if (change.op === "delete") {
    return { kind: change.policyKind, namespace: change.namespace, name: change.name }
  }
  const { kind, metadata } = change.value
  return { kind, namespace: metadata.namespace, name: metadata.name }
}
