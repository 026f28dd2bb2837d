import * as fc from "fast-check"
import { expect, test } from "vitest"
import { ALL_CONNECTIONS, NO_CONNECTIONS } from "../connection-set.ts"
import { type AlikePairs, bySize, createMostTelling, rankOf, type Side } from "./most-telling.ts"

const LOST = { before: ALL_CONNECTIONS, after: NO_CONNECTIONS, changed: ALL_CONNECTIONS }

const side: fc.Arbitrary<Side> = fc
  .record({ name: fc.constantFrom("a", "b", "c", "d", "e", "f"), pods: fc.integer({ min: 1, max: 3 }) })
  .map(({ name, pods }) => ({
    namespace: "shop",
    name,
    kind: "Pod",
    text: `shop/${name}-${pods}`,
    pods,
    dns: false,
  }))

const sides = fc
  .uniqueArray(side, { maxLength: 6, selector: ({ text }) => text })
  .map((all) => all.sort(bySize))

const pairs: fc.Arbitrary<readonly AlikePairs[]> = fc.array(
  fc.record({
    sources: sides,
    destinations: sides,
    change: fc.constant(LOST),
    rank: fc.nat(3),
    dns: fc.constant(false),
  }),
  { maxLength: 8 },
)

test("the first of all pairs are told, in order, whatever order they come in", () => {
  fc.assert(
    fc.property(pairs, fc.nat(8), (all, most) => {
      const telling = createMostTelling(most)
      for (const each of all) telling.offer(each)
      const every = createMostTelling(Infinity)
      for (const each of all.toReversed()) every.offer(each)
      const expected = all.flatMap(({ sources, destinations }) =>
        sources.flatMap((source) => destinations.filter(({ text }) => text !== source.text)),
      )
      expect(every.list()).toHaveLength(expected.length)
      expect(telling.list()).toEqual(every.list().slice(0, most))
    }),
  )
})

test.for<[string, Parameters<typeof rankOf>[0], Parameters<typeof rankOf>[0]]>([
  [
    "DNS across namespaces before all else",
    { dns: true, outside: false, sameNamespace: false, whole: false },
    { dns: false, outside: false, sameNamespace: true, whole: true },
  ],
  [
    "workloads before addresses outside",
    { dns: false, outside: false, sameNamespace: false, whole: false },
    { dns: false, outside: true, sameNamespace: true, whole: true },
  ],
  [
    "inside a namespace before across namespaces",
    { dns: false, outside: false, sameNamespace: true, whole: false },
    { dns: false, outside: false, sameNamespace: false, whole: true },
  ],
  [
    "whole connections before parts of one",
    { dns: false, outside: false, sameNamespace: true, whole: true },
    { dns: false, outside: false, sameNamespace: true, whole: false },
  ],
])("%s", ([, first, second]) => {
  expect(rankOf(first)).toBeLessThan(rankOf(second))
})
