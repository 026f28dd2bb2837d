import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionSetOf,
  connectionText,
  intersect,
  isEqual,
  isNone,
  isTold,
  NO_CONNECTIONS,
  subtract,
  union,
} from "./connection-set.ts"

const tcp = (from: number, to = from) => ({ protocol: "TCP", from, to }) as const
const udp = (from: number, to = from) => ({ protocol: "UDP", from, to }) as const
const sctp = (from: number, to = from) => ({ protocol: "SCTP", from, to }) as const

test.for<[string, ConnectionSet, string]>([
  ["nothing has no words", NO_CONNECTIONS, ""],
  ["everything", ALL_CONNECTIONS, "All Connections"],
  [
    "ranges and single ports, by protocol",
    connectionSetOf([udp(53), tcp(443, 445), tcp(80)]),
    "TCP 80,443-445,UDP 53",
  ],
  ["neighbours are one range", connectionSetOf([tcp(81), tcp(80)]), "TCP 80-81"],
  [
    "every port of TCP, UDP and SCTP is everything, whatever ICMP may",
    connectionSetOf([tcp(1, 65535), udp(0, 65535), sctp(1, 65535)]),
    "All Connections",
  ],
  ["every port of one protocol is its ports", connectionSetOf([tcp(0, 65535)]), "TCP 1-65535"],
  ["nobody can be called on port 0", connectionSetOf([tcp(0)]), ""],
  ["what has no ports is told where nothing else is", { ...NO_CONNECTIONS, other: true }, "other protocols"],
  ["what has no ports is not told beside ports", { ...connectionSetOf([sctp(7)]), other: true }, "SCTP 7"],
])("%s", ([, set, text]) => {
  expect(connectionText(set)).toBe(text)
  expect(isTold(set)).toBe(text !== "")
})

const port = fc.constantFrom(0, 1, 2, 3, 4, 65534, 65535)
const ranges = fc.array(
  fc
    .tuple(fc.constantFrom("TCP", "UDP", "SCTP"), port, port)
    .map(([protocol, a, b]) => ({ protocol, from: Math.min(a, b), to: Math.max(a, b) })),
  { maxLength: 4 },
)
const sets = fc.oneof(
  fc.constantFrom(ALL_CONNECTIONS, NO_CONNECTIONS),
  fc.tuple(ranges, fc.boolean()).map(([each, other]) => ({ ...connectionSetOf(each), other })),
)

const holds = (set: ConnectionSet, protocol: "TCP" | "UDP" | "SCTP", port: number) =>
  set[protocol].some(({ from, to }) => from <= port && port <= to)

test("law: sets are sets of (protocol, port), sorted, disjoint and merged", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const results = { union: union(a, b), intersect: intersect(a, b), subtract: subtract(a, b) }
      for (const protocol of ["TCP", "UDP", "SCTP"] as const) {
        for (const port of [0, 1, 2, 3, 4, 5, 1000, 65533, 65534, 65535]) {
          const [inA, inB] = [holds(a, protocol, port), holds(b, protocol, port)]
          expect(holds(results.union, protocol, port)).toBe(inA || inB)
          expect(holds(results.intersect, protocol, port)).toBe(inA && inB)
          expect(holds(results.subtract, protocol, port)).toBe(inA && !inB)
        }
        for (const { [protocol]: merged } of Object.values(results)) {
          expect(merged.every(({ from }, i) => i === 0 || (merged[i - 1]?.to ?? 0) + 1 < from)).toBe(true)
        }
      }
      expect(isEqual(results.union, union(b, a))).toBe(true)
      expect(isNone(subtract(results.intersect, a))).toBe(true)
      expect(results.subtract.other).toBe(a.other && !b.other)
    }),
  )
})
