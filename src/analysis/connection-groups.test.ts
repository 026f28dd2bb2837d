import { array, assert, constantFrom, property, record } from "fast-check"
import { expect, test } from "vitest"
import {
  type ConnectionChange,
  changedText,
  connectionGroups,
  endsText,
  impactEndText,
} from "./connection-groups.ts"

function workload(name: string) {
  return { namespace: "shop", name, kind: "Pod", pods: 1 }
}

function change(
  source: string,
  destination: string,
  changed: string,
  decidedBy = "",
  dns = false,
): ConnectionChange {
  return {
    source: workload(source),
    destination: workload(destination),
    before: changed,
    after: "",
    changed,
    decidedBy,
    dns,
  }
}

const told = (listed: readonly ConnectionChange[]) =>
  connectionGroups(listed).map(({ sources, destinations, change, reasons }) => {
    const names = (ends: typeof sources) =>
      ends.map((end) => impactEndText(end).replace(/shop\/(.*)\[Pod\]/, "$1")).join(" ")
    return `${names(sources)} → ${names(destinations)} ${change.changed}${reasons.map((each) => ` (${each})`).join("")}`
  })

test.for<[string, readonly ConnectionChange[], readonly string[]]>([
  ["nothing", [], []],
  ["sources of one destination", [change("a", "x", "TCP 1"), change("b", "x", "TCP 1")], ["a b → x TCP 1"]],
  ["destinations of one source", [change("a", "x", "TCP 1"), change("a", "y", "TCP 1")], ["a → x y TCP 1"]],
  [
    "other ports are another group",
    [change("a", "x", "TCP 1"), change("b", "x", "TCP 2")],
    ["a → x TCP 1", "b → x TCP 2"],
  ],
  [
    "what is DNS is not told with what is not",
    [change("a", "x", "1"), change("b", "x", "1", "", true)],
    ["a → x 1", "b → x 1"],
  ],
  [
    "the largest group takes its pairs first, and the most telling pair is told first",
    [change("a", "x", "1"), change("a", "y", "1"), change("b", "y", "1"), change("c", "y", "1")],
    ["a → x 1", "a b c → y 1"],
  ],
  [
    "reasons that all have",
    [change("a", "x", "1", "in x; out a"), change("b", "x", "1", "in x; out b")],
    ["a b → x 1 (in x)"],
  ],
  [
    "the first one's, where they have none in common",
    [change("a", "x", "1", "out a"), change("b", "x", "1", "out b")],
    ["a b → x 1 (out a)"],
  ],
])("%s", ([, listed, expected]) => {
  expect(told(listed)).toEqual(expected)
})

test("every pair is in one group, and a group has one source or one destination", () => {
  const name = constantFrom("a", "b", "c", "d")
  const pair = record({ source: name, destination: name, changed: constantFrom("1", "2") })
  assert(
    property(array(pair, { maxLength: 30 }), (written) => {
      const unique = [
        ...new Map(written.map((each) => [`${each.source} ${each.destination}`, each])).values(),
      ]
      const groups = connectionGroups(
        unique.map(({ source, destination, changed }) => change(source, destination, changed)),
      )
      const pairs = groups.flatMap(({ sources, destinations, change: { changed } }) =>
        sources.flatMap((from) =>
          destinations.map((to) => `${impactEndText(from)} ${impactEndText(to)} ${changed}`),
        ),
      )
      const expected = unique.map(
        (each) => `shop/${each.source}[Pod] shop/${each.destination}[Pod] ${each.changed}`,
      )
      expect(pairs.toSorted()).toEqual(expected.toSorted())
      expect(
        groups.every(({ sources, destinations }) => Math.min(sources.length, destinations.length) === 1),
      ).toBe(true)
    }),
  )
})

test.for<[readonly string[], string]>([
  [["a"], "shop/a[Pod]"],
  [["a", "b", "c"], "shop/a[Pod], shop/b[Pod], shop/c[Pod]"],
  [["a", "b", "c", "d"], "shop/a[Pod], shop/b[Pod] and 2 more"],
])("three ends are named, or two and how many more: %s", ([names, expected]) => {
  expect(endsText(names.map(workload), 3)).toBe(expected)
})

test.for<[string, string, string, string]>([
  ["All Connections", "", "All Connections", "All Connections"],
  [
    "All Connections",
    "TCP 443",
    "TCP 1-442,444-65535,UDP 1-65535,SCTP 1-65535",
    "All Connections but TCP 443",
  ],
  ["UDP 53", "All Connections", "TCP 1-65535,UDP 1-52,54-65535,SCTP 1-65535", "All Connections but UDP 53"],
  ["TCP 80,443", "TCP 443", "TCP 80", "TCP 80"],
])("from %s to %s it is told shortest", ([before, after, changed, expected]) => {
  expect(changedText({ ...change("a", "b", changed), before, after })).toBe(expected)
})
