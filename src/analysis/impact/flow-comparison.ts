// What flows between two ends before a change and after it.
//
// As policies say, also where they are only observed, so that a report tells what will be when they are enforced.
// Where a namespace's mode is what changes, what really flows is compared.

import type { Direction } from "../../compile/policy-ir.ts"
import type { AddressPlace, ClusterView, Peer } from "../cluster-view.ts"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionText,
  isEqual,
  NO_CONNECTIONS,
  subtract,
  union,
} from "../connection-set.ts"
import type { Reach, Reached } from "../reach.ts"
import { type ImpactScope, isPoliciesOnly, isSubject } from "./scope.ts"

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
  /**
   * Null where nothing changes. `shared`: when some host-network pod of the source is on the node of a pod of the
   * destination.
   */
  readonly compare: (source: End, destination: End, shared?: SharedNodes) => ComparedFlow | null
}

export interface SharedNodes {
  readonly before: boolean
  readonly after: boolean
}

const NOT_SHARED: SharedNodes = { before: false, after: false }

export function createFlowComparison(
  before: ComparedMoment,
  after: ComparedMoment,
  scope: ImpactScope,
): FlowComparison {
  const mayDiffer = createPrejudice(before.reach, after.reach, scope)
  const isObserved = (namespace: string): boolean =>
    namespace !== "" && (before.view.isObserved(namespace) || after.view.isObserved(namespace))
  return {
    compare: (source, destination, shared = NOT_SHARED) => {
      const isSwitched = scope.switched.has(source.namespace) || scope.switched.has(destination.namespace)
      if (!isSwitched && shared.before === shared.after && !mayDiffer(source, destination)) return null
      const flows = (which: Which) => ({
        before: shared.before
          ? ALL_CONNECTIONS
          : reached(before.reach, [source.before, destination.before], which),
        after: shared.after
          ? ALL_CONNECTIONS
          : reached(after.reach, [source.after, destination.after], which),
      })
      const flow = flows(isSwitched ? "connections" : "enforced")
      if (isEqual(flow.before, flow.after)) return null
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

type Which = keyof Pick<Reached, "connections" | "enforced">

function reached(
  reach: Reach,
  [sources, destinations]: readonly [readonly Peer[], readonly Peer[]],
  which: Which,
): ConnectionSet {
  let all: ConnectionSet = NO_CONNECTIONS
  for (const source of sources) {
    for (const destination of destinations) all = union(all, reach.detail(source, destination)[which])
  }
  return all
}

/** Looks at each direction by itself, which is less work than both; most pairs go no further. */
function createPrejudice(before: Reach, after: Reach, scope: ImpactScope) {
  const policiesOnly = isPoliciesOnly(scope)
  /** It says of everybody what it said before. */
  const isUntouched = (direction: Direction, subject: End): boolean =>
    policiesOnly && !(scope.directions.has(direction) && isSubject(subject, scope))
  const sideDiffers = (direction: Direction, subject: End, peer: End): boolean => {
    if (isUntouched(direction, subject)) return false
    const [was, is] = [onlyOne(subject.before), onlyOne(subject.after)]
    const [peerWas, peerIs] = [onlyOne(peer.before), onlyOne(peer.after)]
    if (was === undefined || is === undefined || peerWas === undefined || peerIs === undefined) return true
    const places = [placesOf(peerWas), placesOf(peerIs)] as const
    if (!areAlike(places[0], places[1])) return true
    return places[0].some((place, i) => {
      const other = places[1][i] ?? place
      const passed = before.passing(was, direction, { peer: peerWas, place })
      return !isEqual(passed, after.passing(is, direction, { peer: peerIs, place: other }))
    })
  }
  /** Nothing flows before nor after, whatever the other end's policies say. */
  const isClosed = (direction: Direction, subject: End, peer: End): boolean => {
    const [was, is] = [onlyOne(subject.before), onlyOne(subject.after)]
    const [peerWas, peerIs] = [onlyOne(peer.before), onlyOne(peer.after)]
    if (was === undefined || is === undefined || peerWas === undefined || peerIs === undefined) return false
    const isNone = (reach: Reach, own: Peer, other: Peer): boolean =>
      placesOf(other).every(
        (place) => reach.passing(own, direction, { peer: other, place }) === NO_CONNECTIONS,
      )
    if (!isNone(before, was, peerWas)) return false
    return isUntouched(direction, subject) || isNone(after, is, peerIs)
  }
  return (source: End, destination: End): boolean =>
    (sideDiffers("egress", source, destination) && !isClosed("ingress", destination, source)) ||
    (sideDiffers("ingress", destination, source) && !isClosed("egress", source, destination))
}

function onlyOne(peers: readonly Peer[]): Peer | undefined {
  return peers.length === 1 ? peers[0] : undefined
}

function placesOf(peer: Peer): readonly AddressPlace[] {
  return peer.kind === "range" ? [peer.place] : peer.places
}

/** The same ones, or one of each family: then the first is compared with the first. */
function areAlike(a: readonly AddressPlace[], b: readonly AddressPlace[]): boolean {
  if (a === b) return true
  return (
    a.length === b.length &&
    a.every(({ family }, i) => b[i]?.family === family && a[i + 1]?.family !== family)
  )
}
