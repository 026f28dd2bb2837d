// Policies that say something else, and namespaces with other labels: what a person has changed.

import { policyKey } from "../../analysis/snapshot-changes.ts"
import type { DiffObject } from "../../api/diff-report.ts"
import type { Namespace, PolicyObject } from "../../compile/snapshot.ts"
import { lower } from "../../kinds/registry.ts"
import type { Side } from "./sides.ts"

export function changedObjects(before: Side, after: Side): readonly DiffObject[] {
  const policies = (side: Side): readonly Compared[] => side.input.snapshot.policies.map(comparedPolicy)
  const namespaces = (side: Side): readonly Compared[] =>
    side.input.snapshot.namespaces.map(comparedNamespace)
  const changed = [
    ...changes({ before: policies(before), after: policies(after) }),
    ...changes({ before: namespaces(before), after: namespaces(after) }),
  ]
  return changed
    .flatMap(({ change, object }): readonly DiffObject[] => {
      const { kind, namespace, name } = object
      const { locate } = change === "removed" ? before.input : after.input
      const position = locate({ kind, namespace, name }, "spec")
      // A namespace without a manifest comes and goes with what is in it.
      if (kind === "Namespace" && position === null && change !== "changed") return []
      return [{ change, kind, namespace, name, file: position?.file ?? null, line: position?.line ?? null }]
    })
    .toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

interface Compared {
  readonly key: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** Equal for what means the same: defaults that the API server has filled in are no difference. */
  readonly content: string
}

function comparedPolicy(policy: PolicyObject): Compared {
  const { kind, metadata } = policy
  const { namespace, name } = metadata
  return { key: policyKey(policy), kind, namespace, name, content: contentText(lower(policy)) }
}

function comparedNamespace({ name, labels }: Namespace): Compared {
  const content = contentText(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return { key: `Namespace ${name}`, kind: "Namespace", namespace: "", name, content }
}

interface Change {
  readonly change: DiffObject["change"]
  readonly object: Compared
}

function changes({ before, after }: Record<"before" | "after", readonly Compared[]>): readonly Change[] {
  const old = new Map(before.map((each) => [each.key, each.content]))
  const is = new Set(after.map(({ key }) => key))
  return [
    ...before.filter(({ key }) => !is.has(key)).map((object): Change => ({ change: "removed", object })),
    ...after.flatMap((object): readonly Change[] => {
      const content = old.get(object.key)
      if (content === undefined) return [{ change: "added", object }]
      return content === object.content ? [] : [{ change: "changed", object }]
    }),
  ]
}

function contentText(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (field instanceof Set ? [...field] : field))
}

function textOf({ kind, namespace, name }: DiffObject): string {
  return JSON.stringify([kind === "Namespace" ? 0 : 1, namespace, name, kind])
}
