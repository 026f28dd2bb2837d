// From cells to arrows: one for many wherever many have the same in common.

import { NOTHING } from "./connection-table.ts"
import type { GroupMatrix } from "./group-matrix.ts"
import type { Openness } from "./openness.ts"
import { type Residue, residueOf } from "./residue.ts"

export type Place =
  | { readonly kind: "group"; readonly group: number }
  /** Every workload of a namespace whose pods have addresses of their own; of the cluster where it is null. */
  | { readonly kind: "everyone"; readonly namespace: string | null }
  /** Every workload and every address, as far as their own policies let them. */
  | { readonly kind: "anyone" }

export interface Arrow {
  readonly source: Place
  readonly destination: Place
  readonly connections: number
  readonly observed: boolean
}

export interface Arrows {
  readonly arrows: readonly Arrow[]
  /** By group: what its members may do with each other. */
  readonly amongMembers: readonly number[]
}

/** A place, and the groups that an arrow from or to it stands for. */
interface Room {
  readonly place: Place
  readonly groups: readonly number[]
}

/** From so many pairs on an arrow for all of them is the clearer picture. */
const LEAST_PAIRS = 3

export function arrowsOf(matrix: GroupMatrix, openness: Openness): Arrows {
  const residue = residueOf(matrix, openness)
  const arrows = [...anyoneArrows(matrix, openness)]
  for (const [from, to] of roomPairs(matrix)) {
    const arrow = takenArrow(from, to, residue)
    if (arrow !== undefined) arrows.push(arrow)
  }
  const groups = groupsOf(matrix)
  return {
    arrows: [...arrows, ...singleArrows(groups, { matrix, residue })],
    amongMembers: groups.map((group) => residue.of(group, group)),
  }
}

function groupsOf({ size }: GroupMatrix): readonly number[] {
  return Array.from({ length: size }, (_, group) => group)
}

/** The widest come first, so that what the whole cluster has in common is not drawn once a namespace. */
function* roomPairs(matrix: GroupMatrix): Generator<readonly [Room, Room]> {
  const single = groupsOf(matrix).map((group): Room => ({ place: { kind: "group", group }, groups: [group] }))
  const namespaces = namespaceRooms(matrix)
  const everyone: Room = {
    place: { kind: "everyone", namespace: null },
    groups: namespaces.flatMap((room) => room.groups),
  }
  const levels = namespaces.length > 1 ? [[everyone], namespaces] : [namespaces]
  for (const rooms of levels) {
    for (const from of rooms) for (const to of rooms) yield [from, to]
    for (const room of rooms) {
      for (const one of single) yield [room, one]
      for (const one of single) yield [one, room]
    }
  }
}

/** Host-network pods are their node: what selects every pod of a namespace does not mean them. */
function namespaceRooms(matrix: GroupMatrix): readonly Room[] {
  const rooms = new Map<string, number[]>()
  for (const group of groupsOf(matrix)) {
    const end = matrix.members(group)[0]
    if (end?.kind !== "workload" || end.hostNetwork) continue
    const groups = rooms.get(end.namespace) ?? []
    groups.push(group)
    rooms.set(end.namespace, groups)
  }
  return [...rooms].map(([namespace, groups]) => ({ place: placeOf(namespace, groups), groups }))
}

function placeOf(namespace: string, [first, ...others]: readonly number[]): Place {
  if (first === undefined || others.length > 0) return { kind: "everyone", namespace }
  return { kind: "group", group: first }
}

interface Work {
  readonly matrix: GroupMatrix
  readonly residue: Residue
}

function takenArrow(from: Room, to: Room, residue: Residue): Arrow | undefined {
  const rectangle = { sources: from.groups, destinations: to.groups }
  if (residue.pairs(rectangle) < LEAST_PAIRS) return undefined
  const connections = residue.common(rectangle)
  if (connections === NOTHING) return undefined
  residue.take(rectangle, connections)
  const observed = residue.observed(rectangle)
  return { source: from.place, destination: to.place, connections, observed }
}

function singleArrows(groups: readonly number[], { matrix, residue }: Work): readonly Arrow[] {
  const arrows: Arrow[] = []
  for (const source of groups) {
    for (const destination of groups) {
      const connections = source === destination ? NOTHING : residue.of(source, destination)
      if (connections === NOTHING) continue
      arrows.push({
        source: { kind: "group", group: source },
        destination: { kind: "group", group: destination },
        connections,
        observed: matrix.observed(source, destination),
      })
    }
  }
  return arrows
}

function anyoneArrows(matrix: GroupMatrix, { accepts, sends }: Openness): readonly Arrow[] {
  const anyone: Place = { kind: "anyone" }
  const outside = groupsOf(matrix).filter((group) => matrix.isOutside(group))
  return groupsOf(matrix).flatMap((group) => {
    const place: Place = { kind: "group", group }
    const accepted = accepts[group] ?? NOTHING
    const sent = sends[group] ?? NOTHING
    const arrows: Arrow[] = []
    if (accepted !== NOTHING) {
      const observed = outside.some((from) => matrix.observed(from, group))
      arrows.push({ source: anyone, destination: place, connections: accepted, observed })
    }
    if (sent !== NOTHING) {
      const observed = outside.some((to) => matrix.observed(group, to))
      arrows.push({ source: place, destination: anyone, connections: sent, observed })
    }
    return arrows
  })
}
