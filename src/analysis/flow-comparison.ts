// What flows between two ends before a change and after it.
//
// As policies say, also where they are only observed, so that a report tells what will be when they are enforced.
// Where a namespace's mode is what changes, what really flows is compared.

import type { ClusterView, Peer } from "./cluster-view.ts"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionText,
  isEqual,
  NO_CONNECTIONS,
  subtract,
  union,
} from "./connection-set.ts"
import type { Reach, Reached } from "./reach.ts"

/** Identities of a workload's pods, or the addresses of a run. */
export interface End {
  /** "" for addresses. */
  readonly namespace: string
  readonly before: readonly Peer[]
  readonly after: readonly Peer[]
}

export interface ComparedFlow {
  readonly before: ConnectionSet
  readonly after: ConnectionSet
  /** What disappears flows on, since it is only counted. */
  readonly kept: boolean
}

export interface ComparedMoment {
  readonly view: ClusterView
  readonly reach: Reach
}

export interface FlowComparison {
  /** `shared`: when some host-network pod of the source is on the node of a pod of the destination. */
  readonly compare: (source: End, destination: End, shared?: SharedNodes) => ComparedFlow
}

export interface SharedNodes {
  readonly before: boolean
  readonly after: boolean
}

const NOT_SHARED: SharedNodes = { before: false, after: false }

export function createFlowComparison(
  before: ComparedMoment,
  after: ComparedMoment,
  switched: ReadonlySet<string>,
): FlowComparison {
  const isObserved = (namespace: string): boolean =>
    namespace !== "" && (before.view.isObserved(namespace) || after.view.isObserved(namespace))
  return {
    compare: (source, destination, shared = NOT_SHARED) => {
      const isSwitched = switched.has(source.namespace) || switched.has(destination.namespace)
      const mode = isSwitched ? "connections" : "enforced"
      const flows = (which: keyof Pick<Reached, "connections" | "enforced">) => ({
        before: shared.before
          ? ALL_CONNECTIONS
          : reached(before.reach, [source.before, destination.before], which),
        after: shared.after
          ? ALL_CONNECTIONS
          : reached(after.reach, [source.after, destination.after], which),
      })
      const flow = flows(mode)
      if (isSwitched || !(isObserved(source.namespace) || isObserved(destination.namespace))) {
        return { ...flow, kept: false }
      }
      const real = flows("connections")
      return { ...flow, kept: isNothing(subtract(real.before, real.after)) }
    },
  }
}

/** Port 0 is nobody's: a difference there is none. */
export function isNothing(set: ConnectionSet): boolean {
  return set === NO_CONNECTIONS || connectionText(set) === ""
}

export function isAlike(a: ComparedFlow, b: ComparedFlow): boolean {
  return a.kept === b.kept && isEqual(a.before, b.before) && isEqual(a.after, b.after)
}

function reached(
  reach: Reach,
  [sources, destinations]: readonly [readonly Peer[], readonly Peer[]],
  which: "connections" | "enforced",
): ConnectionSet {
  let all: ConnectionSet = NO_CONNECTIONS
  for (const source of sources) {
    for (const destination of destinations) all = union(all, reach.detail(source, destination)[which])
  }
  return all
}
