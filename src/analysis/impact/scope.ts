// What a change touches: outside of it, before and after are the same.

import type { Direction } from "../../compile/policy-ir.ts"
import type { Change } from "../../compile/snapshot.ts"
import type { Identity, Peer, PolicyRecord } from "../cluster-view.ts"
import type { WorkloadGroup } from "../model/workload-groups.ts"
import type { TriedView } from "../model.ts"
import type { Moments } from "./moments.ts"

export interface ImpactScope {
  /** Policies that say something else, or are there only before or after. */
  readonly policies: readonly PolicyChange[]
  /** Identities that these policies select, before and after. */
  readonly subjects: SubjectsAt
  /** What these policies speak of. */
  readonly directions: ReadonlySet<Direction>
  /** Namespaces whose labels or mode differ. */
  readonly namespaces: ReadonlySet<string>
  /** Of these, the ones that are observed only before or only after. */
  readonly switched: ReadonlySet<string>
  /** Pods that come, go or may differ: those of the changes, and those that get an address from them. */
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

interface PeersAt {
  readonly before: readonly Peer[]
  readonly after: readonly Peer[]
}

export interface PodName {
  readonly namespace: string
  readonly name: string
}

interface TriedMoments extends Moments {
  readonly after: TriedView
}

export function scopeOf(moments: TriedMoments, changes: readonly Change[]): ImpactScope {
  const hasOtherPods = changes.some(({ kind }) => kind === "pod" || kind === "node")
  const { before, after } = moments
  const policies = changes.flatMap((change) => policyChange(moments, change))
  const namespaces = new Set(changes.flatMap((change) => namespaceChange(moments, change)))
  return {
    policies,
    subjects: subjectsOf(moments, policies),
    directions: new Set(policies.flatMap(directionsOf)),
    namespaces,
    switched: new Set([...namespaces].filter((each) => before.isObserved(each) !== after.isObserved(each))),
    pods: hasOtherPods ? moments.after.moved() : [],
    hasOtherPods,
  }
}

/** Neither namespaces nor pods change: whoever is selected by other policies is judged as before. */
export function isPoliciesOnly({ namespaces, hasOtherPods }: ImpactScope): boolean {
  return namespaces.size === 0 && !hasOtherPods
}

export function isEmpty({ policies, namespaces, hasOtherPods }: ImpactScope): boolean {
  return policies.length === 0 && namespaces.size === 0 && !hasOtherPods
}

/** Whether a policy that changes selects some of an end. */
export function isSubject({ before, after }: PeersAt, { subjects }: ImpactScope): boolean {
  return (
    before.some((each) => each.kind !== "range" && subjects.before.has(each)) ||
    after.some((each) => each.kind !== "range" && subjects.after.has(each))
  )
}

/** Whether the pods of a group may be judged otherwise than before, as subjects or as peers. */
export function isTouched(group: WorkloadGroup, scope: ImpactScope): boolean {
  return (
    scope.namespaces.has(group.namespace) ||
    isSubject(group, scope) ||
    (scope.hasOtherPods && (group.moves || !haveSameKeys(group.before, group.after)))
  )
}

/** All identities, in both moments, of pods that one of the policies selects in its own. */
function subjectsOf({ before, after }: Moments, policies: readonly PolicyChange[]): SubjectsAt {
  const subjects = { before: new Set<Identity>(), after: new Set<Identity>() }
  for (const policy of policies) {
    for (const each of policy.before ? before.held(policy.before.ir.subject) : []) subjects.before.add(each)
    for (const each of policy.after ? after.held(policy.after.ir.subject) : []) subjects.after.add(each)
  }
  const selected = [
    ...[...subjects.before].flatMap((each) => [...before.podsOf(each)]),
    ...[...subjects.after].flatMap((each) => [...after.podsOf(each)]),
  ]
  for (const pod of selected) {
    const [was, is] = [before.identityOf(pod), after.identityOf(pod)]
    if (was !== undefined) subjects.before.add(was)
    if (is !== undefined) subjects.after.add(is)
  }
  return subjects
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

function directionsOf({ before, after }: PolicyChange): readonly Direction[] {
  return (["ingress", "egress"] as const).filter(
    (direction) => (before?.ir[direction] ?? after?.ir[direction]) !== undefined,
  )
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

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
