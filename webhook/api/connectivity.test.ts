// The connectivity of a namespace, for whoever may list pods there and nowhere else.

import { expect, test } from "vitest"
import { createModel } from "../../src/analysis/model.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { lower } from "../../src/kinds/registry.ts"
import type { AccessReviews } from "../../src/kubernetes/access-review.ts"
import { networkPolicy, pod, snapshot } from "../../test/snapshots.ts"
import { createTurns } from "../turns.ts"
import { type Connected, connectivityOf } from "./connectivity.ts"

const cluster = snapshot({
  namespaces: { shop: {}, bank: {} },
  pods: [
    pod("web", { labels: { app: "web" }, addresses: ["10.0.0.1"] }),
    pod("client", { labels: { app: "client" }, addresses: ["10.0.0.2"] }),
    pod("vault", { namespace: "bank", labels: { app: "vault" }, addresses: ["10.0.0.3"] }),
  ],
  policies: [
    networkPolicy("web", {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ ports: [{ port: 80 }] }],
    }),
    networkPolicy("client", {
      podSelector: { matchLabels: { app: "client" } },
      ingress: [{ from: [{ ipBlock: { cidr: "198.51.100.0/24" } }] }],
    }),
    networkPolicy(
      "block",
      { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "203.0.113.0/24" } }] }] },
      "bank",
    ),
  ],
})

function seeing(...namespaces: readonly string[]): AccessReviews {
  return {
    may: async () => false,
    mayListPods: async (_user, namespace) => namespaces.includes(namespace),
    namesFor: async () => (namespace) => namespaces.includes(namespace),
  }
}

async function ask(namespace: string, reviews: AccessReviews): Promise<Connected> {
  const view = createModel({ lower })
  view.apply(changesTo(cluster))
  const context = { view, reviews, turns: createTurns(), workMs: 60_000 }
  return await connectivityOf(namespace, { username: "tenant" }, context)
}

test("lines from and to other namespaces are counted, and ranges end where one's own blocks do", async () => {
  const connected = await ask("shop", seeing("shop"))
  expect(connected).toMatchObject({ ok: true })
  if (!connected.ok) return
  const { lines, hidden } = connected.value
  const text = lines.map(({ src, dst, conn }) => `${src} ${dst} ${conn}`)
  expect(text).toContain("0.0.0.0-255.255.255.255 shop/web[Pod] TCP 80")
  expect(text).toContain("198.51.100.0-198.51.100.255 shop/client[Pod] All Connections")
  expect(text.join("\n")).not.toMatch(/bank|203\.0\.113/)
  // To web from vault, to everybody else nobody there.
  expect(hidden).toBeGreaterThan(0)
})

test("whoever sees all is told all, blocks of others too", async () => {
  const connected = await ask("", seeing("", "shop", "bank"))
  expect(connected).toMatchObject({ ok: true, value: { hidden: 0 } })
  expect(JSON.stringify(connected)).toContain("203.0.113.0-203.0.113.255")
})

test.for<[string, string]>([
  ["all namespaces", ""],
  ["another namespace", "bank"],
  ["a namespace that there is not", "nowhere"],
])("is refused to others: of %s", async ([, namespace]) => {
  const connected = await ask(namespace, seeing("shop"))
  expect(connected).toMatchObject({ ok: false, failure: { code: 403, diagnostics: [{ code: "PNP0701" }] } })
})

test("what takes too long is given up", async () => {
  const view = createModel({ lower })
  view.apply(changesTo(cluster))
  const context = { view, reviews: seeing(""), turns: createTurns(), workMs: -1 }
  expect(await connectivityOf("", { username: "admin" }, context)).toMatchObject({
    ok: false,
    failure: { code: 504, diagnostics: [{ code: "PNP0704" }] },
  })
})
