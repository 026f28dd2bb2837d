// The change that takes another one back.

import type { ClusterView } from "../src/analysis/cluster-view.ts"
import type { Change, Pod } from "../src/compile/snapshot.ts"
import type { World } from "../src/explain/world.ts"

/** As it is now, without the change. */
interface Before {
  readonly model: Pick<ClusterView, "policy">
  readonly world: Pick<World, "podsNamed" | "namespaceLabels" | "serviceNamed" | "nodeNamed">
}

export function inverseOf(change: Change, { model, world }: Before): Change {
  switch (change.kind) {
    case "policy": {
      const reference =
        change.op === "set"
          ? { kind: change.value.kind, ...nameOf(change.value.metadata) }
          : { kind: change.policyKind, ...nameOf(change) }
      const value = model.policy(reference)?.object
      if (value !== undefined) return { kind: "policy", op: "set", value }
      return { kind: "policy", op: "delete", policyKind: reference.kind, ...nameOf(reference) }
    }
    case "pod":
      return podBefore(nameOf(change.op === "set" ? change.value : change), world)
    case "namespace": {
      const name = change.op === "set" ? change.value.name : change.name
      return { kind: "namespace", op: "set", value: { name, labels: world.namespaceLabels(name) } }
    }
    case "service": {
      const { namespace, name } = change.op === "set" ? change.value : change
      const value = world.serviceNamed(namespace, name)
      return value === null
        ? { kind: "service", op: "delete", namespace, name }
        : { kind: "service", op: "set", value }
    }
    case "node": {
      const name = change.op === "set" ? change.value.name : change.name
      const value = world.nodeNamed(name)
      return value === null ? { kind: "node", op: "delete", name } : { kind: "node", op: "set", value }
    }
  }
}

function nameOf({ namespace, name }: Pick<Pod, "namespace" | "name">) {
  return { namespace, name }
}

function podBefore(
  { namespace, name }: Pick<Pod, "namespace" | "name">,
  { podsNamed }: Before["world"],
): Change {
  const [value] = podsNamed(namespace, name)
  return value === undefined
    ? { kind: "pod", op: "delete", namespace, name }
    : { kind: "pod", op: "set", value }
}
