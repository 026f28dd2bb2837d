// Denials by policy, from counters by chain.

import { expect, test } from "vitest"
import type { DeniedCount } from "../../wire/messages.ts"
import { createDeniedTotals, type DenyChain } from "./denied-totals.ts"

const policy = (name: string) => ({ kind: "NetworkPolicy", namespace: "shop", name })
const chains: Readonly<Record<string, DenyChain>> = {
  deny_one: { direction: "ingress", policies: [policy("a")], namespaces: ["shop"], observed: false },
  deny_both: {
    direction: "egress",
    policies: [policy("a"), policy("b")],
    namespaces: ["shop"],
    observed: true,
  },
}

type Report = readonly [node: string, counts: Readonly<Record<string, number>>]

test.for<readonly [string, readonly Report[], a: readonly [number, number], b: readonly [number, number]]>([
  ["what was counted before the first report is left out", [["x", { deny_one: 7 }]], [0, 0], [0, 0]],
  [
    "what is more than before is added",
    [
      ["x", { deny_one: 7 }],
      ["x", { deny_one: 9 }],
    ],
    [2, 0],
    [0, 0],
  ],
  [
    "a chain that is new began with nothing",
    [
      ["x", {}],
      ["x", { deny_one: 9 }],
    ],
    [9, 0],
    [0, 0],
  ],
  [
    "a counter that has fallen has begun anew",
    [
      ["x", { deny_one: 7 }],
      ["x", { deny_one: 3 }],
      ["x", { deny_one: 4 }],
    ],
    [4, 0],
    [0, 0],
  ],
  [
    "every policy that isolates has denied",
    [
      ["x", {}],
      ["x", { deny_both: 5 }],
    ],
    [0, 5],
    [0, 5],
  ],
  [
    "nodes add up",
    [
      ["x", {}],
      ["y", { deny_one: 100 }],
      ["x", { deny_one: 1 }],
      ["y", { deny_one: 102 }],
    ],
    [3, 0],
    [0, 0],
  ],
  [
    "chains that nobody knows are left out",
    [
      ["x", {}],
      ["x", { drop_unknown: 5, deny_gone: 5 }],
    ],
    [0, 0],
    [0, 0],
  ],
])("%s", ([, reports, a, b]) => {
  const totals = createDeniedTotals({ chainNamed: (_, name) => chains[name], onDenied: () => undefined })
  for (const [node, counts] of reports) totals.report(node, countsOf(counts))
  expect(totals.pending("NetworkPolicy/shop/a")).toEqual({ ingress: a[0], egress: a[1] })
  expect(totals.pending("NetworkPolicy/shop/b")).toEqual({ ingress: b[0], egress: b[1] })
})

test("what is taken is gone, and what has come meanwhile stays", () => {
  const totals = createDeniedTotals({ chainNamed: (_, name) => chains[name], onDenied: () => undefined })
  totals.report("x", [])
  totals.report("x", countsOf({ deny_one: 5 }))
  const taken = totals.pending("NetworkPolicy/shop/a")
  totals.report("x", countsOf({ deny_one: 6 }))
  totals.take("NetworkPolicy/shop/a", taken)
  expect(totals.pending("NetworkPolicy/shop/a")).toEqual({ ingress: 1, egress: 0 })
})

function countsOf(counts: Readonly<Record<string, number>>): readonly DeniedCount[] {
  return Object.entries(counts).map(([chain, packets]) => ({ chain, packets }))
}
