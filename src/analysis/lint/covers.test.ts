import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { PodExpression, Ports } from "../../compile/policy-ir.ts"
import { type Requirement, type Selector, selects } from "../../compile/selector.ts"
import { coversBlocks, coversPods, coversPorts, coversSelector } from "./covers.ts"

const key = fc.constantFrom("a", "b")
const values = fc
  .uniqueArray(fc.constantFrom("x", "y", "z"), { minLength: 1, maxLength: 3 })
  .map((all) => new Set(all))
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ op: fc.constantFrom("exists", "missing"), key }),
  fc.record({ op: fc.constantFrom("in", "not-in"), key, values }),
)
const selector: fc.Arbitrary<Selector> = fc.array(requirement, { maxLength: 2 })

/** Every set of the labels that selectors speak of. */
const labelSets = [undefined, "x", "y", "z", "w"].flatMap((a) =>
  [undefined, "x", "y", "z", "w"].map((b) => ({
    ...(a === undefined ? {} : { a }),
    ...(b === undefined ? {} : { b }),
  })),
)

test("what a selector covers it holds", () => {
  let covered = 0
  fc.assert(
    fc.property(selector, selector, (general, special) => {
      if (!coversSelector(general, special)) return
      covered += 1
      expect(labelSets.filter((labels) => selects(special, labels) && !selects(general, labels))).toEqual([])
    }),
    { numRuns: 5000 },
  )
  expect(covered).toBeGreaterThan(300)
})

const is = (key: string, ...all: string[]): Requirement => ({ op: "in", key, values: new Set(all) })
const not = (key: string, ...all: string[]): Requirement => ({ op: "not-in", key, values: new Set(all) })

test.for<[string, Selector, Selector, boolean]>([
  ["no requirement covers every other", [], [is("a", "x")], true],
  ["one requirement does not cover none", [is("a", "x")], [], false],
  ["more values cover fewer", [is("a", "x", "y")], [is("a", "x")], true],
  ["fewer values do not cover more", [is("a", "x")], [is("a", "x", "y")], false],
  ["to be there covers a value", [{ op: "exists", key: "a" }], [is("a", "x")], true],
  ["not to be one value covers another value", [not("a", "x")], [is("a", "y")], true],
  ["not to be one value covers to be missing", [not("a", "x")], [{ op: "missing", key: "a" }], true],
  ["fewer forbidden values cover more", [not("a", "x")], [not("a", "x", "y")], true],
  ["more forbidden values do not cover fewer", [not("a", "x", "y")], [not("a", "x")], false],
  ["another key says nothing", [is("a", "x")], [is("b", "x")], false],
])("%s", ([, general, special, expected]) => {
  expect(coversSelector(general, special)).toBe(expected)
})

const pods = (namespaces: PodExpression["namespaces"]): PodExpression => ({ namespaces, pods: [] })
const named = (name: string): PodExpression => pods({ kind: "name", name })
const labelled = (...selector: Selector): PodExpression => pods({ kind: "selector", selector })

test.for<[string, PodExpression, PodExpression, boolean]>([
  ["every namespace covers one", labelled(), named("shop"), true],
  ["one namespace does not cover every", named("shop"), labelled(), false],
  ["a namespace is its name label", named("shop"), labelled(is("kubernetes.io/metadata.name", "shop")), true],
  ["and the other way round", labelled(is("kubernetes.io/metadata.name", "shop")), named("shop"), true],
  [
    "other labels of a namespace are not known from its name",
    labelled(is("team", "a")),
    named("shop"),
    false,
  ],
])("%s", ([, general, special, expected]) => {
  expect(coversPods(general, special)).toBe(expected)
})

const tcp = (from: number, to = from): Ports => ({
  kind: "some",
  ranges: [{ protocol: "TCP", from, to }],
  names: [],
})
const http: Ports = { kind: "some", ranges: [], names: [{ protocol: "TCP", name: "http" }] }

test.for<[string, Ports, Ports, boolean]>([
  ["every port covers one", { kind: "any" }, tcp(80), true],
  ["every TCP port does not cover ICMP", tcp(0, 65535), { kind: "any" }, false],
  ["a range covers its ports", tcp(80, 90), tcp(85), true],
  ["and no others", tcp(80, 90), tcp(85, 91), false],
  ["every number covers a name", tcp(0, 65535), http, true],
  ["some numbers do not", tcp(1, 65534), http, false],
  ["neighbours cover what spans them", tcpRanges([1, 5], [6, 9]), tcp(3, 8), true],
])("%s", ([, general, special, expected]) => {
  expect(coversPorts(general, special)).toBe(expected)
})

function tcpRanges(...all: readonly (readonly [number, number])[]): Ports {
  return { kind: "some", ranges: all.map(([from, to]) => ({ protocol: "TCP", from, to })), names: [] }
}

test.for<[string, readonly string[], readonly string[], boolean]>([
  ["a block covers a part of it", ["10.0.0.0/8"], ["10.1.0.0/16"], true],
  ["halves cover the whole", ["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"], true],
  ["nothing of the other family", ["0.0.0.0/0"], ["2001:db8::/32"], false],
  ["a part does not cover the whole", ["10.1.0.0/16"], ["10.0.0.0/8"], false],
])("%s", ([, general, special, expected]) => {
  const blocks = (cidrs: readonly string[]) => cidrs.map((cidr) => ({ cidr, except: [] }))
  expect(coversBlocks(blocks(general), blocks(special))).toBe(expected)
})
