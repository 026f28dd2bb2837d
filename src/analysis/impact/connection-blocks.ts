// Pairs between the same two namespaces that change alike, told together where there is little room.

import type { ImpactEnd } from "../../api/impact-report.ts"
import { type ConnectionChange, connectionGroups, distinctEnds, impactEndText } from "../connection-groups.ts"

export interface ConnectionBlock {
  readonly sources: readonly ImpactEnd[]
  readonly destinations: readonly ImpactEnd[]
  /** What they have in common. */
  readonly change: ConnectionChange
  readonly pairs: number
}

/**
 * In the order of their first pairs; each pair is in one. A block has every pair of its sources and destinations,
 * except where there would be more than `most` of them.
 */
export function connectionBlocks(
  listed: readonly ConnectionChange[],
  most: number,
): readonly ConnectionBlock[] {
  const alike = [...Map.groupBy(listed, keyOf).values()]
  const whole = alike.flatMap((members) => {
    const blocks = blockOf(members)
    return blocks.every(isWhole) ? blocks : wholeBlocks(members)
  })
  return whole.length <= most ? whole : alike.flatMap(blockOf)
}

/** All that can be: of every source to every destination but itself. */
export function isWhole({ sources, destinations, pairs }: ConnectionBlock): boolean {
  const names = new Set(sources.map(impactEndText))
  const itself = destinations.filter((end) => names.has(impactEndText(end))).length
  return pairs === sources.length * destinations.length - itself
}

function wholeBlocks(members: readonly ConnectionChange[]): readonly ConnectionBlock[] {
  return connectionGroups(members).map(({ sources, destinations, change }) => ({
    sources,
    destinations,
    change,
    pairs: sources.length * destinations.length,
  }))
}

function keyOf({ source, destination, before, after, changed, dns }: ConnectionChange): string {
  return JSON.stringify([placeOf(source), placeOf(destination), before, after, changed, dns])
}

/** Nothing is named so in a cluster: a namespace is not empty. */
function placeOf(end: ImpactEnd): string {
  return "range" in end ? "" : end.namespace
}

function blockOf(members: readonly ConnectionChange[]): readonly ConnectionBlock[] {
  const [change] = members
  if (change === undefined) return []
  return [
    {
      sources: distinctEnds(members.map(({ source }) => source)),
      destinations: distinctEnds(members.map(({ destination }) => destination)),
      change,
      pairs: members.length,
    },
  ]
}
