// What a change touches: outside of it, before and after are the same.

import type { Change } from "../compile/snapshot.ts"
import type { Identity, PolicyRecord } from "./cluster-view.ts"
import type { WorkloadGroup } from "./model/workload-groups.ts"
import type { Moments } from "./moments.ts"

export interface ImpactScope {
  /** Policies that say something else, or are there only before or after. */
  readonly policies: readonly PolicyChange[]
  /** Identities that these policies select, before and after. */
  readonly subjects: SubjectsAt
  /** Namespaces whose labels or mode differ. */
  readonly namespaces: ReadonlySet<string>
  /** Of these, the ones that are observed only before or only after. */
  readonly switched: ReadonlySet<string>
  /** Pods that come, go or may differ: "namespace/name" as they are named in changes. */
  readonly pods: readonly PodName[]
  /** Nodes or pods are among the changes: identities say which pods differ. */
  readonly hasOtherPods: boolean
}

export interface PolicyChange {
  readonly before: PolicyRecord | undefined
  readonly after: PolicyRecord | undefined
}

export interface SubjectsAt {
  readonly before: ReadonlySet<Identity>
  readonly after: ReadonlySet<Identity>
}

export interface PodName {
  readonly namespace: string
  readonly name: string
}

export function scopeOf(moments: Moments, changes: readonly Change[]): ImpactScope {
  const { before, after } = moments
  const policies = changes.flatMap((change) => policyChange(moments, change))
  const namespaces = new Set(changes.flatMap((change) => namespaceChange(moments, change)))
  return {
    policies,
    subjects: {
      before: new Set(
        policies.flatMap((each) => (each.before ? [...before.held(each.before.ir.subject)] : [])),
      ),
      after: new Set(policies.flatMap((each) => (each.after ? [...after.held(each.after.ir.subject)] : []))),
    },
    namespaces,
    switched: new Set([...namespaces].filter((each) => before.isObserved(each) !== after.isObserved(each))),
    pods: changes.flatMap(podChange),
    hasOtherPods: changes.some(({ kind }) => kind === "pod" || kind === "node"),
  }
}

export function isEmpty({ policies, namespaces, hasOtherPods }: ImpactScope): boolean {
  return policies.length === 0 && namespaces.size === 0 && !hasOtherPods
}

/** Whether the pods of a group may be judged otherwise than before, as subjects or as peers. */
export function isTouched({ namespace, before, after }: WorkloadGroup, scope: ImpactScope): boolean {
  return (
    scope.namespaces.has(namespace) ||
    before.some((each) => scope.subjects.before.has(each)) ||
    after.some((each) => scope.subjects.after.has(each)) ||
    (scope.hasOtherPods && !haveSameKeys(before, after))
  )
}

function haveSameKeys(before: readonly Identity[], after: readonly Identity[]): boolean {
  const keys = new Set(before.map(({ key }) => key))
  return keys.size === after.length && after.every(({ key }) => keys.has(key))
}

function policyChange({ before, after }: Moments, change: Change): readonly PolicyChange[] {
  if (change.kind !== "policy") return []
  const reference =
    change.op === "set"
      ? { kind: change.value.kind, ...change.value.metadata }
      : { kind: change.policyKind, namespace: change.namespace, name: change.name }
  const policies = { before: before.policy(reference), after: after.policy(reference) }
  return specText(policies.before) === specText(policies.after) ? [] : [policies]
}

function specText(policy: PolicyRecord | undefined): string | undefined {
  return policy && JSON.stringify(policy.object.spec)
}

function namespaceChange({ before, after }: Moments, change: Change): readonly string[] {
  if (change.kind !== "namespace") return []
  const name = change.op === "set" ? change.value.name : change.name
  const labels = [before, after].map((view) =>
    JSON.stringify(Object.entries(view.namespaceLabels(name)).toSorted(byName)),
  )
  return labels[0] === labels[1] ? [] : [name]
}

function podChange(change: Change): readonly PodName[] {
  if (change.kind !== "pod") return []
  const { namespace, name } = change.op === "set" ? change.value : change
  return [{ namespace, name }]
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
