// Pods that become isolated in a direction, and pods that are so no longer.

import type { ImpactReport } from "../../api/impact-report.ts"
import type { Direction } from "../../compile/policy-ir.ts"
import type { Pod } from "../../compile/snapshot.ts"
import type { ClusterView, Identity } from "../cluster-view.ts"
import { workloadOf } from "../model/workloads.ts"
import type { Moments } from "./moments.ts"
import type { ImpactScope } from "./scope.ts"

type Isolation = ImpactReport["isolated"]["ingress"]

export interface ChangedIsolation {
  readonly isolated: ImpactReport["isolated"]
  readonly released: ImpactReport["released"]
  /** Pods that come, and are isolated as soon as they are there. */
  readonly arriving: Readonly<Record<Direction, number>>
}

/** At most `limit` workloads of each are named. */
export function changedIsolation(moments: Moments, scope: ImpactScope, limit: number): ChangedIsolation {
  const found = { isolated: both(), released: both(), arriving: { ingress: 0, egress: 0 } }
  const isolates = {
    before: isolationIn(moments.before),
    after: isolationIn(moments.after),
  }
  for (const pod of touchedPods(moments, scope)) {
    const [was, is] = [moments.before.identityOf(pod), moments.after.identityOf(pod)]
    if (is?.kind !== "pods") continue
    for (const direction of ["ingress", "egress"] as const) {
      const isolated = isolates.after(is, direction)
      if (was === undefined) found.arriving[direction] += isolated ? 1 : 0
      if (was?.kind !== "pods" || isolates.before(was, direction) === isolated) continue
      found[isolated ? "isolated" : "released"][direction].push(pod)
    }
  }
  const told = ({ ingress, egress }: Both) => ({
    ingress: isolationOf(ingress, limit),
    egress: isolationOf(egress, limit),
  })
  return { isolated: told(found.isolated), released: told(found.released), arriving: found.arriving }
}

type Both = Record<Direction, Pod[]>

function both(): Both {
  return { ingress: [], egress: [] }
}

/** Asked once for each identity and direction. */
function isolationIn(view: ClusterView): (identity: Identity, direction: Direction) => boolean {
  const known = { ingress: new Map<Identity, boolean>(), egress: new Map<Identity, boolean>() }
  return (identity, direction) => {
    const found = known[direction].get(identity)
    if (found !== undefined) return found
    const policies = view.policiesOf(identity, direction)
    const isolated = policies.some(({ ir }) => ir[direction]?.isolates === true)
    known[direction].set(identity, isolated)
    return isolated
  }
}

/** As they are after, each once. */
function touchedPods({ after }: Moments, scope: ImpactScope): Iterable<Pod> {
  const pods = new Map<string, Pod>()
  const add = (names: Iterable<Pick<Pod, "namespace" | "name">>): void => {
    for (const { namespace, name } of names) {
      const pod = after.pod(namespace, name)
      if (pod !== undefined) pods.set(`${namespace}/${name}`, pod)
    }
  }
  for (const identity of scope.subjects.after) add(after.podsOf(identity))
  for (const namespace of scope.namespaces) add(after.pods(namespace))
  add(scope.pods)
  return pods.values()
}

function isolationOf(pods: readonly Pod[], limit: number): Isolation {
  const byWorkload = Map.groupBy(pods, (pod) => workloadOf(pod).key)
  const workloads = [...byWorkload.keys()].sort().flatMap((key) => {
    const [first] = byWorkload.get(key) ?? []
    if (first === undefined) return []
    const { namespace, name, kind } = workloadOf(first)
    return [{ namespace, name, kind, pods: byWorkload.get(key)?.length ?? 0 }]
  })
  return { pods: pods.length, workloads: workloads.slice(0, limit) }
}
