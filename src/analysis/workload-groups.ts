// Workloads that nothing tells apart when two moments of a cluster are compared: their pods are of the same
// identities before, and of the same after.

import { labelValue } from "../compile/selector.ts"
import type { Pod } from "../compile/snapshot.ts"
import type { ClusterView, Identity, Workload } from "./cluster-view.ts"

export interface Moments {
  readonly before: ClusterView
  readonly after: ClusterView
}

export interface WorkloadGroup {
  readonly namespace: string
  /** [] for workloads that come. */
  readonly before: readonly Identity[]
  /** [] for workloads that go. */
  readonly after: readonly Identity[]
  readonly workloads: readonly GroupedWorkload[]
  /** Some pod is its node. Such a workload is a group of its own, since it matters on which nodes its pods are. */
  readonly hasHosts: boolean
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

export function workloadGroups(moments: Moments): readonly WorkloadGroup[] {
  const numbers = new Map<Identity, number>()
  const groups = new Map<string, WorkloadGroup & { readonly workloads: GroupedWorkload[] }>()
  for (const [was, is] of inBoth(moments.before.workloads(), moments.after.workloads())) {
    const workload = is ?? was
    if (workload === undefined) continue
    const before = identitiesOf(was, moments.before)
    const after = identitiesOf(is, moments.after)
    const hasHosts = [...before, ...after].some(({ kind }) => kind === "host")
    const alone = hasHosts ? workload.key : ""
    const key = `${numbered(before, numbers)} ${numbered(after, numbers)} ${alone}`
    const own = groupedWorkload(workload, was?.pods ?? [], is?.pods ?? [])
    const known = groups.get(key)
    if (known !== undefined) known.workloads.push(own)
    else groups.set(key, { namespace: workload.namespace, before, after, workloads: [own], hasHosts })
  }
  return [...groups.values()]
}

function groupedWorkload(
  { namespace, name, kind, pods }: Workload,
  podsBefore: readonly Pod[],
  podsAfter: readonly Pod[],
): GroupedWorkload {
  return { namespace, name, kind, pods: pods.length, dns: pods.some(isDnsServer), podsBefore, podsAfter }
}

/** Both are sorted by key. */
function* inBoth(
  before: readonly Workload[],
  after: readonly Workload[],
): Generator<readonly [Workload | undefined, Workload | undefined]> {
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [was, is] = [before[i], after[j]]
    const order = was === undefined ? 1 : is === undefined || was.key < is.key ? -1 : was.key > is.key ? 1 : 0
    yield [order > 0 ? undefined : was, order < 0 ? undefined : is]
    if (order <= 0) i += 1
    if (order >= 0) j += 1
  }
}

function identitiesOf(workload: Workload | undefined, view: ClusterView): readonly Identity[] {
  if (workload === undefined) return []
  const identities = workload.pods
    .map((pod: Pod) => view.identityOf(pod))
    .filter((each) => each !== undefined)
  return identities.length <= 1 ? identities : [...new Set(identities)]
}

function isDnsServer({ labels, ports }: Pod): boolean {
  return labelValue(labels, "k8s-app") === "kube-dns" || ports.some(({ port }) => port === 53)
}

function numbered(identities: readonly Identity[], numbers: Map<Identity, number>): string {
  const own = identities.map((each) => {
    const known = numbers.get(each) ?? numbers.size
    numbers.set(each, known)
    return known
  })
  return own.length <= 1 ? `${own[0] ?? ""}` : own.sort((a, b) => a - b).join()
}
