import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionSetOf,
  connectionText,
  NO_CONNECTIONS,
} from "../../../../src/analysis/connection-set.ts"
import type { Connectivity, ConnectivityLine } from "../../../../src/analysis/connectivity.ts"
import { type AnalysisEnd, endText } from "../../../../src/analysis/end.ts"
import { groupMatrix } from "../../../../src/cli/map/group-matrix.ts"
import { type MapGraph, mapGraph } from "../../../../src/cli/map/map-graph.ts"
import { outsideText } from "../../../../src/cli/map/outside-text.ts"
import { type Named, reachOnMap } from "./arrows-as-connectivity.ts"

const port = (number: number, to = number): ConnectionSet =>
  connectionSetOf([{ protocol: "TCP", from: number, to }])

const sets: readonly ConnectionSet[] = [
  NO_CONNECTIONS,
  ALL_CONNECTIONS,
  port(80),
  port(443),
  port(80, 443),
  connectionSetOf([{ protocol: "UDP", from: 53, to: 53 }]),
]

/** Sources and destinations outside are cut differently, as blocks of ingress and egress rules are. */
const sourceRanges: readonly AnalysisEnd[] = [
  { kind: "range", from: "0.0.0.0", to: "9.255.255.255" },
  { kind: "range", from: "10.0.0.0", to: "255.255.255.255" },
  { kind: "range", from: "::", to: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
]
const destinationRanges: readonly AnalysisEnd[] = [
  { kind: "range", from: "0.0.0.0", to: "203.0.112.255" },
  { kind: "range", from: "203.0.113.0", to: "255.255.255.255" },
  { kind: "range", from: "::", to: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
]

/** Any square of sets, most of its cells alike: no policy need be behind it. */
const anyConnectivity: fc.Arbitrary<Connectivity> = fc
  .record({
    workloads: fc.array(
      fc.record({ namespace: fc.constantFrom("a", "b", "c"), host: fc.integer({ max: 9, min: 0 }) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
    usual: fc.nat(sets.length - 1),
    strange: fc.array(fc.tuple(fc.nat(), fc.nat(sets.length - 1)), { maxLength: 12 }),
    rows: fc.dictionary(fc.constantFrom("0", "1", "2"), fc.nat(sets.length - 1)),
  })
  .map(({ workloads, usual, strange, rows }) => {
    const ends = workloads.map(
      ({ namespace, host }, place): AnalysisEnd => ({
        kind: "workload",
        namespace,
        name: `w${place}`,
        workload: "Pod",
        pods: 1,
        hostNetwork: host === 0,
      }),
    )
    const pairs = [...ends, ...sourceRanges].flatMap((source) =>
      [...ends, ...destinationRanges]
        .filter((to) => to !== source && !(source.kind === "range" && to.kind === "range"))
        .map((destination) => ({ source, destination })),
    )
    const odd = new Map(strange.map(([place, set]) => [place % pairs.length, set]))
    const lines = pairs.flatMap(({ source, destination }, place): readonly ConnectivityLine[] => {
      const row = source.kind === "workload" ? rows[source.name.slice(1)] : undefined
      const connections = sets[odd.get(place) ?? row ?? usual] ?? NO_CONNECTIONS
      return connections === NO_CONNECTIONS ? [] : [{ source, destination, connections, observed: false }]
    })
    const all = [...ends, ...sourceRanges, ...destinationRanges]
    return {
      ends: all.toSorted((a, b) => (endText(a) < endText(b) ? -1 : 1)),
      lines,
      notes: [],
      complete: true,
    }
  })

test("a map says of every pair what the connectivity says, whatever was drawn once for many", () => {
  fc.assert(
    fc.property(anyConnectivity, (connectivity) => {
      const matrix = groupMatrix(connectivity)
      const graph = mapGraph(connectivity, matrix)
      const named = namedEnds(connectivity, graph)
      for (const [source, from] of named.filter(([end]) => !destinationRanges.includes(end))) {
        for (const [destination, to] of named.filter(([end]) => !sourceRanges.includes(end))) {
          if (source === destination || (from.kind === "outside" && to.kind === "outside")) continue
          const line = connectivity.lines.find(
            (each) => each.source === source && each.destination === destination,
          )
          const drawn = connectionText(reachOnMap(from, to, graph))
          expect(`${endText(source)} ${endText(destination)} ${drawn}`).toBe(
            `${endText(source)} ${endText(destination)} ${connectionText(line?.connections ?? NO_CONNECTIONS)}`,
          )
        }
      }
    }),
    { numRuns: 300 },
  )
})

/** A range is several pieces on the map; its first is in one group, and stands for it. */
function namedEnds(connectivity: Connectivity, graph: MapGraph): readonly (readonly [AnalysisEnd, Named])[] {
  const matrix = groupMatrix(connectivity)
  const groups = Array.from({ length: matrix.size }, (_, group) => matrix.members(group))
  return connectivity.ends.map((end) => {
    if (end.kind === "workload") {
      for (const card of graph.nodes) {
        const member = card.kind === "workloads" ? card.members.indexOf(end) : -1
        if (card.kind === "workloads" && member >= 0)
          return [end, { kind: "workload", card, member }] as const
      }
      throw new Error(`${endText(end)} is on no card`)
    }
    const ranges = groups
      .map((members) => members.flatMap((each) => (each.kind === "range" ? [each] : [])))
      .find((members) => members.some((each) => each.from === end.from))
    return [end, { kind: "outside", text: outsideText(ranges ?? []).join(", ") }] as const
  })
}

test("a map has no arrow for nothing, and none twice", () => {
  fc.assert(
    fc.property(anyConnectivity, (connectivity) => {
      const { edges } = mapGraph(connectivity, groupMatrix(connectivity))
      expect(edges.filter(({ connections }) => connections === "")).toEqual([])
      expect(new Set(edges.map(({ source, destination }) => `${source} ${destination}`)).size).toBe(
        edges.length,
      )
    }),
    { numRuns: 200 },
  )
})
