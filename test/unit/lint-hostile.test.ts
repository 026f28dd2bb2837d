// Policies as no person writes them: lint ends, says little, and keeps to its time.

import { expect, test } from "vitest"
import { lint } from "../../src/analysis/lint/lint.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { selectorMiss } from "../../src/explain/near-miss.ts"
import { app, modelOf, pod, policy, shop } from "../lint-clusters.ts"

const many = (make: (i: number) => object) => Array.from({ length: 10_000 }, (_, i) => make(i))
const term = (i: number) => ({ key: `k${i}`, operator: "In", values: ["v"] })

test.for<[string, readonly PolicyObject[]]>([
  ["rules", [policy("shop/a", { podSelector: {}, ingress: many((i) => ({ ports: [{ port: i + 1 }] })) })]],
  [
    "peers",
    [
      policy("shop/a", {
        podSelector: {},
        ingress: [{ from: many((i) => ({ podSelector: app(`x${i}`) })) }],
      }),
    ],
  ],
  ["ports", [policy("shop/a", { podSelector: {}, ingress: [{ ports: many((i) => ({ port: i + 1 })) }] })]],
  [
    "blocks",
    [
      policy("shop/a", {
        podSelector: {},
        ingress: [{ from: many((i) => ({ ipBlock: { cidr: `10.${i >> 8}.${i & 255}.0/24` } })) }],
      }),
    ],
  ],
  [
    "terms of a selector",
    ["a", "b"].map((name) => policy(`shop/${name}`, { podSelector: { matchExpressions: many(term) } })),
  ],
  [
    "values of a term",
    [
      policy("shop/a", {
        podSelector: {
          matchExpressions: [{ key: "app", operator: "In", values: many((i) => [`v${i}`]).flat() }],
        },
      }),
    ],
  ],
  [
    "labels with the names of prototypes",
    [
      policy(
        "shop/a",
        JSON.parse('{"podSelector":{"matchLabels":{"__proto__":"x","constructor":"y","toString":"z"}}}'),
      ),
    ],
  ],
])("ten thousand %s", { timeout: 120_000 }, ([, policies]) => {
  const found = lint({ view: modelOf({ ...shop, policies }) })
  expect(found.length).toBeLessThan(100)
  expect(found.filter(({ message }) => message.length > 500)).toEqual([])
})

test("past its time it tells what it has found", () => {
  const policies = ["a", "b", "c"].map((name) => policy(`shop/${name}`, { podSelector: app("gone") }))
  const view = modelOf({ ...shop, policies })
  let asked = 0
  const deadline = { expired: () => (asked += 1) > 1 }
  expect(lint({ view }).map(({ object }) => object?.name)).toContain("c")
  expect(lint({ view, deadline }).map(({ object }) => object?.name)).toEqual(["a"])
  expect(lint({ view, deadline: { expired: () => true } })).toEqual([])
})

test("what was nearly meant is looked for as long as there is time, pod by pod", () => {
  const pods = Array.from({ length: 500 }, (_, i) => pod(`shop/p${i}`, { labels: { n: `${i}` } }))
  const policies = [policy("shop/a", { podSelector: { matchExpressions: [term(1), term(2)] } })]
  const view = modelOf({ ...shop, pods, policies })
  let asked = 0
  lint({ view, deadline: { expired: () => (asked += 1) > 50 } })
  expect(asked).toBeGreaterThan(50)
  expect(asked).toBeLessThan(100)
})

test("of thousands of labels that differ a few are told, and they are no near miss", () => {
  const selector = { matchExpressions: many((i) => ({ ...term(0), key: `ap${i}` })) }
  const miss = selectorMiss(selector, { app: "v" })
  expect(miss?.near).toBe(false)
  expect(miss?.text).toMatch(/^has app=v, .*, and 9980 more$/)
})
