// Workloads that nothing tells apart when two moments of a cluster are compared: their pods are of the same
// identities before, and of the same after.
//
// What is found about an identity or a workload is kept for as long as its pods stay the same, so that a comparison
// looks at identities, and at the pods of those only that have changed since the last one.

import { labelValue } from "../../compile/selector.ts"
import type { Pod } from "../../compile/snapshot.ts"
import type { Identity } from "../cluster-view.ts"
import { type LayeredMap, lookUp, lookUpInner, valuesOf } from "../layered-map.ts"
import type { ModelState, PodRecord } from "./state.ts"
import { workloadOf } from "./workloads.ts"

export interface WorkloadGroup {
  readonly namespace: string
  /** [] for workloads that come. */
  readonly before: readonly Identity[]
  /** [] for workloads that go. */
  readonly after: readonly Identity[]
  /** How many workloads. */
  readonly size: number
  /** Some of them answer DNS. */
  readonly dns: boolean
  /** Some pod is its node. Such a workload is a group of its own, since it matters on which nodes its pods are. */
  readonly hasHosts: boolean
  /** Their pods run on other nodes after than before: a node reaches its own pods. */
  readonly moves: boolean
  /** Made when they are asked for. */
  readonly workloads: () => readonly GroupedWorkload[]
}

export interface GroupedWorkload {
  readonly namespace: string
  readonly name: string
  readonly kind: string
  /** After; before for one that goes. */
  readonly pods: number
  /** It answers DNS: kube-dns by its label, whatever else by its port. */
  readonly dns: boolean
  readonly podsBefore: readonly Pod[]
  readonly podsAfter: readonly Pod[]
}

const NONE: ReadonlyMap<string, Unsettled> = new Map()
const unmoved = new WeakMap<
  ModelState,
  { readonly podsRevision: number; readonly groups: readonly WorkloadGroup[] }
>()

/** `after` is a state upon `before`. */
export function workloadGroups(before: ModelState, after: ModelState): readonly WorkloadGroup[] {
  const moved = movedWorkloads(before, after)
  if (moved.size > 0) return groupsOf(before, after, moved)
  const { podsRevision } = before
  const known = unmoved.get(before)
  if (known?.podsRevision === podsRevision) return known.groups
  const groups = groupsOf(before, before, NONE)
  unmoved.set(before, { podsRevision, groups })
  return groups
}

function groupsOf(
  before: ModelState,
  after: ModelState,
  moved: ReadonlyMap<string, Unsettled>,
): readonly WorkloadGroup[] {
  const groups: WorkloadGroup[] = []
  const scattered = new Set<string>()
  for (const identities of valuesOf(before.identities)) {
    for (const identity of valuesOf(identities)) {
      const { bare, controlled, dns } = populationOf(before, identity)
      const own = controlled.filter((key) => !moved.has(key))
      const gathered = own.filter((key) => identitiesOf(before, key).length === 1)
      for (const key of own) if (identitiesOf(before, key).length > 1) scattered.add(key)
      const pods = moved.size === 0 ? bare : bare.filter((pod) => !moved.has(workloadOf(pod).key))
      groups.push(...groupsOfIdentity(before, { identity, pods, keys: gathered, dns }))
    }
  }
  const others = [...scattered].map((key): Unsettled => {
    const pods = podsOf(before, key)
    return { key, before: pods, after: pods }
  })
  return [...groups, ...unsettledGroups([...others, ...moved.values()], before, after)]
}

interface Population {
  /** Pods that say no controller: each is a workload. */
  readonly bare: readonly Pod[]
  /** Keys of the workloads of the others. */
  readonly controlled: readonly string[]
  readonly dns: boolean
}

interface Known<T> {
  readonly version: number
  readonly value: T
}

const populations = new WeakMap<LayeredMap<string, Pod>, Known<Population>>()
const identitySets = new WeakMap<LayeredMap<string, Pod>, Known<readonly Identity[]>>()

function populationOf(state: ModelState, identity: Identity): Population {
  const members = lookUp(state.members, identity.key)
  if (members === undefined) return { bare: [], controlled: [], dns: false }
  return remembered(populations, members, () => {
    const pods = [...valuesOf(members)]
    const controlled = pods.filter(({ controller }) => controller !== undefined)
    return {
      bare: controlled.length === 0 ? pods : pods.filter(({ controller }) => controller === undefined),
      controlled: [...new Set(controlled.map((pod) => workloadOf(pod).key))],
      dns: pods.some(isDnsServer),
    }
  })
}

function identitiesOf(state: ModelState, key: string): readonly Identity[] {
  const pods = lookUp(state.controlled, key)
  if (pods === undefined) return []
  return remembered(identitySets, pods, () => identitiesOfPods(state, [...valuesOf(pods)]))
}

function remembered<T>(
  known: WeakMap<LayeredMap<string, Pod>, Known<T>>,
  map: LayeredMap<string, Pod>,
  compute: () => T,
): T {
  const found = known.get(map)
  if (found?.version === map.version) return found.value
  const value = compute()
  known.set(map, { version: map.version, value })
  return value
}

function identitiesOfPods(state: ModelState, pods: readonly Pod[]): readonly Identity[] {
  const identities = pods.map(({ namespace, name }) => lookUpInner(state.pods, namespace, name)?.identity)
  return [...new Set(identities.filter((each) => each !== undefined && each !== null))]
}

function podsOf(state: ModelState, key: string): readonly Pod[] {
  const pods = lookUp(state.controlled, key)
  return pods === undefined ? [] : [...valuesOf(pods)]
}

interface Settled {
  readonly identity: Identity
  /** Each a workload. */
  readonly pods: readonly Pod[]
  /** Of workloads whose pods are all of this identity. */
  readonly keys: readonly string[]
  readonly dns: boolean
}

/** Nothing of it moves. */
function groupsOfIdentity(
  state: ModelState,
  { identity, pods, keys, dns }: Settled,
): readonly WorkloadGroup[] {
  if (pods.length + keys.length === 0) return []
  const own = [identity]
  const group = (some: readonly Pod[], others: readonly string[]): WorkloadGroup => ({
    namespace: identity.namespace,
    before: own,
    after: own,
    size: some.length + others.length,
    dns,
    hasHosts: identity.kind === "host",
    moves: false,
    workloads: once(() => [
      ...some.map((pod) => groupedWorkload([pod], [pod])),
      ...others.map((key) => {
        const all = podsOf(state, key)
        return groupedWorkload(all, all)
      }),
    ]),
  })
  if (identity.kind === "pods") return [group(pods, keys)]
  return [...pods.map((pod) => group([pod], [])), ...keys.map((key) => group([], [key]))]
}

interface Unsettled {
  readonly key: string
  readonly before: readonly Pod[]
  readonly after: readonly Pod[]
}

/** Workloads of several identities, or with pods that are something else after than before. */
function unsettledGroups(
  all: readonly Unsettled[],
  before: ModelState,
  after: ModelState,
): readonly WorkloadGroup[] {
  const ids = new Map<Identity, number>()
  const placed = all
    .filter((each) => each.before.length + each.after.length > 0)
    .map((each) => {
      const sides = {
        before: identitiesOfPods(before, each.before),
        after: identitiesOfPods(after, each.after),
      }
      const hasHosts = [...sides.before, ...sides.after].some(({ kind }) => kind === "host")
      const alone = hasHosts ? each.key : ""
      const moves = nodesText(each.before) !== nodesText(each.after)
      const key = `${numbered(sides.before, ids)} ${numbered(sides.after, ids)} ${moves} ${alone}`
      return { key, hasHosts, moves, ...sides, workload: groupedWorkload(each.before, each.after) }
    })
  return Array.from(Map.groupBy(placed, ({ key }) => key).values(), (members) => {
    const workloads = members.map(({ workload }) => workload)
    const [first] = members
    return {
      namespace: first?.workload.namespace ?? "",
      before: first?.before ?? [],
      after: first?.after ?? [],
      size: workloads.length,
      dns: workloads.some(({ dns }) => dns),
      hasHosts: first?.hasHosts ?? false,
      moves: first?.moves ?? false,
      workloads: () => workloads,
    }
  })
}

/** Pods that come, go, differ, or are of another identity. */
export function movedPods(before: ModelState, after: ModelState): readonly Pod[] {
  return Array.from(movedRecords(before, after), ([was, is]) => is?.pod ?? was?.pod).filter(
    (each) => each !== undefined,
  )
}

/** By key: workloads with a pod that comes, goes or is of another identity. */
function movedWorkloads(before: ModelState, after: ModelState): ReadonlyMap<string, Unsettled> {
  const moved = new Map<string, Unsettled>()
  for (const [was, is] of movedRecords(before, after)) {
    for (const pod of [was?.pod, is?.pod]) {
      if (pod === undefined) continue
      const { key } = workloadOf(pod)
      if (moved.has(key)) continue
      const podsIn = (state: ModelState, record: PodRecord | undefined): readonly Pod[] => {
        if (pod.controller !== undefined) return podsOf(state, key)
        const isBare = record?.identity !== null && record?.pod.controller === undefined
        return isBare && record !== undefined ? [record.pod] : []
      }
      moved.set(key, { key, before: podsIn(before, was), after: podsIn(after, is) })
    }
  }
  return moved
}

function* movedRecords(
  before: ModelState,
  after: ModelState,
): Generator<readonly [PodRecord | undefined, PodRecord | undefined]> {
  for (const [namespace, records] of after.pods.own) {
    const known = lookUp(before.pods, namespace)
    if (records !== undefined) {
      for (const [name, is] of records.own) yield [known && lookUp(known, name), is]
    }
    // All pods of the namespace are gone, or were before others came: its layer is not upon the one before.
    if (records?.below !== known && known !== undefined) {
      for (const was of valuesOf(known)) yield [was, records && lookUp(records, was.pod.name)]
    }
  }
}

function groupedWorkload(podsBefore: readonly Pod[], podsAfter: readonly Pod[]): GroupedWorkload {
  const pods = podsAfter.length > 0 ? podsAfter : podsBefore
  const [first] = pods
  if (first === undefined) throw new Error("a workload without pods")
  const { namespace, name, kind } = workloadOf(first)
  return { namespace, name, kind, pods: pods.length, dns: pods.some(isDnsServer), podsBefore, podsAfter }
}

function isDnsServer({ labels, ports }: Pod): boolean {
  return labelValue(labels, "k8s-app") === "kube-dns" || ports.some(({ port }) => port === 53)
}

function nodesText(pods: readonly Pod[]): string {
  return [...new Set(pods.map(({ node }) => node))].sort().join(" ")
}

function numbered(identities: readonly Identity[], ids: Map<Identity, number>): string {
  const own = identities.map((each) => {
    const known = ids.get(each) ?? ids.size
    ids.set(each, known)
    return known
  })
  return own.sort((a, b) => a - b).join()
}

function once<T>(make: () => T): () => T {
  let known: T | undefined
  return () => {
    known ??= make()
    return known
  }
}
