// Two sides -> what differs: the policies, the workloads, and what may flow between those that are on both sides.

import { failedAssertions } from "../../analysis/assertions.ts"
import type { ClusterView, Workload } from "../../analysis/cluster-view.ts"
import { impactOf } from "../../analysis/impact/impact.ts"
import { createModel, type Model } from "../../analysis/model.ts"
import { snapshotChanges } from "../../analysis/snapshot-changes.ts"
import type { DiffReport, DiffWorkload } from "../../api/diff-report.ts"
import type { ImpactReport } from "../../api/impact-report.ts"
import type { Direction } from "../../compile/policy-ir.ts"
import type { Enforcement, Pod, Snapshot } from "../../compile/snapshot.ts"
import { createWorld, type WorldSettings } from "../../explain/world.ts"
import { judgeOf, lower } from "../../kinds/registry.ts"
import { changedObjects } from "./changed-objects.ts"
import type { Side, Sides } from "./sides.ts"

export interface CompareOptions {
  readonly podCIDRs: readonly string[]
  /** For both sides, whatever the cluster's setting says. */
  readonly enforcement?: Enforcement
  /** Connections listed of each kind. */
  readonly limit: number
}

const NOTHING: Snapshot = { namespaces: [], pods: [], nodes: [], services: [], policies: [] }

export function compare({ before, after }: Sides, options: CompareOptions): DiffReport {
  const views = { before: modelOf(before, options), after: modelOf(after, options) }
  const workloads = {
    added: absent(views.after, views.before),
    removed: absent(views.before, views.after),
  }
  const impact = {
    ...impactOnCommon({ before, after }, views, options),
    assertions: brokenAssertions(before, after, options),
  }
  const objects = changedObjects(before, after)
  return {
    different: isDifferent(impact) || workloads.added.length > 0 || workloads.removed.length > 0,
    before: before.label,
    after: after.label,
    objects: [...objects],
    workloads,
    impact,
  }
}

function modelOf({ input }: Side, { podCIDRs, enforcement }: CompareOptions): Model {
  const model = createModel({ lower, podCIDRs, enforcement: enforcement ?? input.enforcement })
  model.apply(snapshotChanges(NOTHING, input.snapshot))
  return model
}

interface Views {
  readonly before: ClusterView
  readonly after: ClusterView
}

/** Without the workloads that come or go: all that could flow to and from them would hide what policies change. */
function impactOnCommon(
  { before, after }: Pick<Sides, "before" | "after">,
  views: Views,
  options: CompareOptions,
) {
  const keys = (view: ClusterView) => new Set(view.workloads().map(({ key }) => key))
  const inBefore = keys(views.before)
  const inAfter = keys(views.after)
  const old = withPods(
    before,
    podsOf(views.before, (key) => inAfter.has(key)),
  )
  const is = withPods(
    after,
    podsOf(views.after, (key) => inBefore.has(key)),
  )
  return impactOf({
    model: modelOf(old, options),
    changes: snapshotChanges(old.input.snapshot, is.input.snapshot),
    operation: "UPDATE",
    key: "",
    limit: options.limit,
  })
}

function podsOf(view: ClusterView, isWanted: (key: string) => boolean): readonly Pod[] {
  return view.workloads().flatMap(({ key, pods }) => (isWanted(key) ? pods : []))
}

function withPods(side: Side, pods: readonly Pod[]): Side {
  return { ...side, input: { ...side.input, snapshot: { ...side.input.snapshot, pods } } }
}

/** Workloads of a view that another does not have. */
function absent(view: ClusterView, other: ClusterView): DiffWorkload[] {
  const known = new Set(other.workloads().map(({ key }) => key))
  return view
    .workloads()
    .filter(({ key }) => !known.has(key))
    .map((workload) => {
      const { namespace, name, kind, pods } = workload
      return {
        namespace,
        name,
        kind,
        pods: pods.length,
        ingressIsolated: isIsolated(workload, "ingress", view),
        egressIsolated: isIsolated(workload, "egress", view),
      }
    })
}

function isIsolated({ pods }: Workload, direction: Direction, view: ClusterView): boolean {
  return pods.every((pod) => {
    const identity = view.identityOf(pod)
    return identity !== undefined && view.policiesOf(identity, direction).length > 0
  })
}

/** What the later side asserts and had on the earlier one, too. */
function brokenAssertions(before: Side, after: Side, options: CompareOptions): ImpactReport["assertions"] {
  const { assertions } = after.input
  if (assertions.length === 0) return []
  const failing = (side: Side) => failedAssertions({ world: worldOf(side, options), assertions })
  const known = new Set(
    failing(before).map(({ assertion, path }) => `${assertion.namespace}/${assertion.name} ${path}`),
  )
  return failing(after)
    .filter(({ assertion, path }) => !known.has(`${assertion.namespace}/${assertion.name} ${path}`))
    .map(({ assertion, path, text }) => ({ assertion, path, text }))
}

function worldOf({ input }: Side, { podCIDRs, enforcement }: CompareOptions) {
  const settings: WorldSettings = {
    podCIDRs,
    unknownPodAddresses: "deny",
    enforcement: enforcement ?? input.enforcement,
  }
  return createWorld(input.snapshot, judgeOf, settings)
}

function isDifferent({ appearing, disappearing, isolated, released, assertions }: ImpactReport): boolean {
  const pods = [isolated, released].flatMap(({ ingress, egress }) => [ingress.pods, egress.pods])
  return [appearing.pairs, disappearing.pairs, assertions.length, ...pods].some((each) => each > 0)
}
