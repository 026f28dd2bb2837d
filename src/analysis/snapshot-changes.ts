// What turns one snapshot into another, as a watch would tell it: what goes first, then what comes or differs.

import type { Change, PolicyObject, Snapshot } from "../compile/snapshot.ts"

export function snapshotChanges(before: Snapshot, after: Snapshot): readonly Change[] {
  const policies = compared(before.policies, after.policies, policyKey)
  const pods = compared(before.pods, after.pods, namespacedKey)
  const services = compared(before.services, after.services, namespacedKey)
  const nodes = compared(before.nodes, after.nodes, nameKey)
  const namespaces = compared(before.namespaces, after.namespaces, nameKey)
  return [
    ...policies.gone.map(policyGone),
    ...services.gone.map(
      ({ namespace, name }): Change => ({ kind: "service", op: "delete", namespace, name }),
    ),
    ...pods.gone.map(({ namespace, name }): Change => ({ kind: "pod", op: "delete", namespace, name })),
    ...nodes.gone.map(({ name }): Change => ({ kind: "node", op: "delete", name })),
    ...namespaces.gone.map(({ name }): Change => ({ kind: "namespace", op: "delete", name })),
    ...namespaces.set.map((value): Change => ({ kind: "namespace", op: "set", value })),
    ...nodes.set.map((value): Change => ({ kind: "node", op: "set", value })),
    ...pods.set.map((value): Change => ({ kind: "pod", op: "set", value })),
    ...services.set.map((value): Change => ({ kind: "service", op: "set", value })),
    ...policies.set.map((value): Change => ({ kind: "policy", op: "set", value })),
  ]
}

interface ComparedObjects<T> {
  readonly gone: readonly T[]
  /** New ones, and those that differ. */
  readonly set: readonly T[]
}

/** By key, and by content whatever the order in which an object's fields are written. */
function compared<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (object: T) => string,
): ComparedObjects<T> {
  const known = new Map(before.map((each) => [keyOf(each), each]))
  const kept = new Set(after.map(keyOf))
  return {
    gone: before.filter((each) => !kept.has(keyOf(each))),
    set: after.filter((each) => {
      const old = known.get(keyOf(each))
      return old === undefined || (old !== each && sortedJson(old) !== sortedJson(each))
    }),
  }
}

export function policyKey({ kind, metadata }: PolicyObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`
}

function policyGone({ kind, metadata: { namespace, name } }: PolicyObject): Change {
  return { kind: "policy", op: "delete", policyKind: kind, namespace, name }
}

function namespacedKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`
}

function nameKey({ name }: { readonly name: string }): string {
  return name
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === "object" && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  )
}
