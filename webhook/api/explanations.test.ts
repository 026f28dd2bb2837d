// What somebody is told who may list pods in some namespaces only.

import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Snapshot } from "../../src/compile/snapshot.ts"
import { createWorld } from "../../src/explain/world.ts"
import { judgeOf } from "../../src/kinds/registry.ts"
import type { AccessReviews } from "../../src/kubernetes/access-review.ts"
import { randomCluster } from "../../test/random/cluster.ts"
import { seedOf } from "../../test/random/seed.ts"
import { networkPolicy, node, pod, service, snapshot } from "../../test/snapshots.ts"
import { createTurns } from "../turns.ts"
import { type Explained, explain } from "./explanations.ts"
import { readExplainQuery } from "./query.ts"

const cluster = snapshot({
  namespaces: { shop: {}, bank: { tier: "gold" } },
  nodes: [node("node-a", { addresses: ["192.168.0.1"], podCIDRs: ["10.0.0.0/24"] })],
  services: [
    service("vault", {
      namespace: "bank",
      selector: { app: "vault" },
      clusterIPs: ["10.96.0.7"],
      ports: [{ name: "tls", protocol: "TCP", port: 443, targetPort: "secret" }],
    }),
  ],
  pods: [
    pod("web", { labels: { app: "web" }, addresses: ["10.0.0.1"] }),
    ...["vault-1", "vault-2"].map((name, i) =>
      pod(name, {
        namespace: "bank",
        labels: { app: "vault", tier: "Client" },
        addresses: [`10.0.0.${i + 7}`],
        ports: [{ name: "secret", protocol: "TCP", port: 8443 }],
      }),
    ),
  ],
  policies: [
    networkPolicy("web", {
      podSelector: { matchLabels: { app: "web" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { tier: "client" } } }] }],
      egress: [{ to: [{ namespaceSelector: { matchLabels: { tier: "gold" } } }] }],
    }),
    networkPolicy("hidden-rule", { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }, "bank"),
    networkPolicy("hidden-near-miss", { podSelector: { matchLabels: { app: "web" } } }, "bank"),
  ],
})

function seeing(...namespaces: readonly string[]): AccessReviews {
  return {
    may: async (_user, { namespace }) => namespaces.includes(namespace),
    mayListPods: async (_user, namespace) => namespaces.includes(namespace),
    namesFor: async () => (namespace) => namespaces.includes(namespace),
  }
}

async function ask(words: string, reviews: AccessReviews, of: Snapshot = cluster): Promise<Explained> {
  const query = readExplainQuery(new URLSearchParams(words), "")
  if (!query.ok) throw new Error(JSON.stringify(query.diagnostics))
  const world = createWorld(of, judgeOf)
  return await explain(
    query.value,
    { username: "tenant" },
    { world, reviews, turns: createTurns(), workMs: 60_000 },
  )
}

const HIDDEN = /bank|vault|hidden|gold|8443|secret|Client|10\.0\.0\.8/

describe("by address a tenant learns the verdict, and whatever its own policies say of it", () => {
  test.for<[string, string, object]>([
    [
      "what its own policy lets out, theirs may refuse",
      "from=shop/web&to=10.0.0.7&port=8443",
      {
        verdict: "Deny",
        egress: { verdict: "Allow", decidedBy: { name: "web", path: "spec.egress[0]" } },
        ingress: { verdict: "Deny", isolatedBy: [], decidedBy: null },
      },
    ],
    [
      "a Service is not told apart into pods",
      "from=shop/web&to=10.96.0.7&port=443",
      {
        verdict: "Deny",
        cases: [
          { to: expect.stringContaining("10.96.0.7"), toAddress: null, port: "443/TCP", service: null },
        ],
      },
    ],
    [
      "how nearly a rule of its own holds is not told",
      "from=10.0.0.7&to=shop/web&port=80",
      {
        verdict: "Deny",
        ingress: {
          trace: [
            { outcome: "selects" },
            { path: "spec.ingress[0]", outcome: "no-match" },
            { policy: null, outcome: "denies" },
          ],
        },
      },
    ],
    ["everything that may flow", "from=10.0.0.7&to=shop/web", { allowed: { TCP: [], other: false } }],
  ])("%s", async ([, words, expected]) => {
    const asked = new URLSearchParams(words)
    const explained = await ask(words, seeing("shop"))
    expect(explained).toMatchObject({ ok: true, value: { answer: expected } })
    const text = JSON.stringify(explained)
      .replaceAll(asked.get("port") ?? " ", "")
      .replaceAll(asked.get("to") ?? " ", "")
    expect(text).not.toMatch(HIDDEN)
  })
})

test.for<[string, string, string]>([
  ["a name", "from=shop/web&to=bank/vault-1&port=80", "PNP0701"],
  ["a name that is not there", "from=shop/web&to=bank/nobody&port=80", "PNP0701"],
  ["a bare name of a namespace that is hidden", "from=web&to=vault-1&namespace=bank", "PNP0701"],
  ["a node", "from=node/node-a&to=shop/web&port=80", "PNP0702"],
])("a tenant cannot look up %s", async ([, words, code]) => {
  const explained = await ask(words, seeing("shop"))
  expect(explained).toMatchObject({
    ok: false,
    failure: { code: 403, diagnostics: expect.arrayContaining([expect.objectContaining({ code })]) },
  })
})

test.for<[string, string]>([
  ["a port's name", "from=shop/web&to=10.0.0.7&port=http"],
  ["a port's name that there is, and its number", "from=shop/web&to=10.0.0.7&port=secret"],
  ["the name of a Service's port", "from=shop/web&to=10.96.0.7&port=tls"],
  ["a port that the Service has not", "from=shop/web&to=10.96.0.7&port=80"],
])("a mistake about what is hidden tells nothing of it: %s", async ([, words]) => {
  const explained = await ask(words, seeing("shop"))
  expect(explained).toMatchObject({ ok: false, failure: { diagnostics: [{ code: "PNP0709" }] } })
  expect(JSON.stringify(explained)).not.toMatch(HIDDEN)
})

test("a port's name is answered for what is seen, whoever asks there", async () => {
  const seen = await ask("from=10.0.0.1&to=10.0.0.7&port=secret", seeing("bank"))
  expect(seen).toMatchObject({ ok: true, value: { answer: { cases: [{ port: "8443/TCP" }] } } })
})

test("names are proposed from namespaces that are seen", async () => {
  const explained = await ask("from=shop/web&to=shop/vault-1&port=80", seeing("shop"))
  expect(JSON.stringify(explained)).toContain("PNP0902")
  expect(JSON.stringify(explained)).not.toMatch(/bank/)
})

test("whoever sees everything is told everything", async () => {
  const explained = await ask("from=shop/web&to=10.96.0.7&port=443", seeing("", "shop", "bank"))
  const text = JSON.stringify(explained)
  for (const word of ["bank/vault-1", "bank/vault-2", "hidden-rule", "8443"]) expect(text).toContain(word)
})

test("a question about too much is refused", async () => {
  const owner = { kind: "Deployment", name: "many" }
  const pods = Array.from({ length: 30 }, (_, i) => pod(`many-${i}`, { owner, addresses: [`10.0.2.${i}`] }))
  const explained = await ask(
    "from=shop/deploy/many&to=shop/deploy/many&port=80",
    seeing(""),
    snapshot({ namespaces: { shop: {} }, pods }),
  )
  expect(explained).toMatchObject({ ok: false, failure: { code: 400, diagnostics: [{ code: "PNP0703" }] } })
})

test("no answer has a name of what is hidden, nor an address that was not asked for", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      randomCluster,
      fc.subarray(["one", "two", "three"], { maxLength: 2 }),
      fc.constantFrom("&port=80", "&port=1-65535", "&port=ICMP", ""),
      async ({ snapshot: random, strangers }, seen, port) => {
        const of = named(random)
        const addresses = [...of.pods.flatMap((each) => each.addresses), ...strangers].slice(0, 8)
        const hidden = [
          ...of.pods.filter(({ namespace }) => !seen.includes(namespace)).map(({ name }) => name),
          ...of.policies
            .filter(({ metadata }) => !seen.includes(metadata.namespace))
            .map(({ metadata }) => metadata.name),
        ]
        for (const from of addresses) {
          for (const to of addresses) {
            const text = JSON.stringify(await ask(`from=${from}&to=${to}${port}`, seeing(...seen), of))
            expect(hidden.filter((name) => text.includes(name))).toEqual([])
          }
        }
      },
    ),
    { seed: seedOf(), numRuns: 30 },
  )
})

/** Names that are found in a text only where they are meant. */
function named(random: Snapshot): Snapshot {
  return {
    ...random,
    pods: random.pods.map((each) => ({ ...each, name: `pod-of-${each.namespace}-${each.name}!` })),
    policies: random.policies.map((each) => ({
      ...each,
      metadata: { ...each.metadata, name: `policy-of-${each.metadata.namespace}-${each.metadata.name}!` },
    })),
  }
}
