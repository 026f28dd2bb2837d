// Lint where the order of rules decides: tiers, priorities, Deny and Pass.

import { expect, test } from "vitest"
import { lint } from "../../src/analysis/lint/lint.ts"
import { createModel } from "../../src/analysis/model.ts"
import { fieldPathText } from "../../src/api/diagnostic.ts"
import { changesTo } from "../../src/compile/compile.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { shop } from "../lint-clusters.ts"
import { outlineTiered } from "../random/tiered-outline.ts"
import { lowerTiered, TIERED_KIND } from "../random/tiered-policy.ts"

const web = { namespaceSelector: {}, podSelector: { matchLabels: { app: "web" } } }
const all = { namespaceSelector: {}, podSelector: {} }

interface Spec {
  readonly priority?: number
  readonly tier?: number
  readonly isolates?: readonly string[]
  readonly ingress?: readonly object[]
  readonly egress?: readonly object[]
}

function tiered(name: string, { priority = 0, tier = 100, ...spec }: Spec): PolicyObject {
  const tiers = { name: `tier-${tier}`, order: tier }
  return {
    apiVersion: "test.postern.dev/v1",
    kind: TIERED_KIND,
    metadata: { name, namespace: "" },
    spec: { tier: tiers, priority, subject: all, isolates: [], ingress: [], egress: [], ...spec },
  }
}

const SHADOWED = "PNP0445"
const REDUNDANT = "PNP0443"
const NO_DNS = "PNP0461"
const accept = (...from: readonly object[]) => ({ action: "Accept", from })
const deny = (...from: readonly object[]) => ({ action: "Deny", from })
const pass = (...from: readonly object[]) => ({ action: "Pass", from })
const dns = { action: "Accept", ports: [{ port: 53, protocol: "UDP" }] }

test.for<[string, readonly PolicyObject[], readonly string[]]>([
  [
    "a rule behind one that denies the same",
    [tiered("a", { ingress: [deny(all), accept(web)] })],
    [`${SHADOWED} a spec.ingress[1]`],
  ],
  ["a rule before it", [tiered("a", { ingress: [accept(web), deny(all)] })], []],
  [
    "a rule behind one that accepts the same",
    [tiered("a", { ingress: [accept(all), accept(web)] })],
    [`${REDUNDANT} a spec.ingress[1]`],
  ],
  [
    "a wider rule later in an ordered tier makes none needless",
    [tiered("a", { ingress: [accept(web), accept(all), deny(all)] })],
    [`${SHADOWED} a spec.ingress[2]`],
  ],
  [
    "what a policy before it passes on",
    [tiered("a", { ingress: [pass(web)] }), tiered("b", { priority: 1, ingress: [deny(web)] })],
    [`${SHADOWED} b spec.ingress[0]`],
  ],
  [
    "a policy of the same priority comes in no order to rely on",
    [tiered("a", { ingress: [pass(web)] }), tiered("b", { ingress: [deny(web)] })],
    [],
  ],
  [
    "a policy of another tier",
    [tiered("a", { ingress: [pass(web)] }), tiered("b", { tier: 150, ingress: [deny(web)] })],
    [],
  ],
  ["Log decides nothing", [tiered("a", { ingress: [{ action: "Log" }, accept(web)] })], []],
  [
    "DNS is accepted in an earlier tier",
    [
      tiered("a", { egress: [dns] }),
      tiered("b", { tier: 300, isolates: ["egress"], egress: [{ action: "Accept", to: [web] }] }),
    ],
    [],
  ],
  [
    "DNS is denied in an earlier tier",
    [
      tiered("a", { egress: [{ action: "Deny", ports: [{ port: 53, protocol: "UDP" }, { port: 53 }] }] }),
      tiered("b", { tier: 300, isolates: ["egress"], egress: [dns] }),
    ],
    [`${NO_DNS} b spec`],
  ],
])("%s", ([, policies, told]) => {
  const model = createModel({ lower: lowerTiered })
  model.apply(changesTo({ ...shop, policies }))
  const found = lint({ view: model, outlineOf: outlineTiered }).filter(({ code }) =>
    [SHADOWED, REDUNDANT, NO_DNS].includes(code),
  )
  expect(
    found.map(({ code, object, path = [] }) => `${code} ${object?.name} ${fieldPathText(path)}`),
  ).toEqual(told)
})
