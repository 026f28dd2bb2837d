// Names of chains in a node's ruleset, as agents report them, lead back to policies.

import { expect, test } from "vitest"
import { createEngine } from "../../compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../compile/ruleset/options.ts"
import { renderNode } from "../../compile/ruleset/render-node.ts"
import type { Change } from "../../compile/snapshot.ts"
import { lower } from "../../kinds/registry.ts"
import { createConcernedPolicies } from "./concerned-policies.ts"
import { createDenyChains } from "./deny-chains.ts"

const engine = createEngine({ lower })
const pod = (name: string, address: string): Change => ({
  kind: "pod",
  op: "set",
  value: {
    namespace: "shop",
    name,
    uid: name,
    labels: { app: name },
    node: "one",
    addresses: [address],
    hostNetwork: false,
    finished: false,
    ports: [],
  },
})
const policy = (app: string): Change => ({
  kind: "policy",
  op: "set",
  value: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `only-${app}`, namespace: "shop" },
    spec: {
      podSelector: { matchLabels: { app } },
      policyTypes: ["Ingress"],
      ingress: [{ ports: [{ protocol: "TCP", port: app === "web" ? 80 : 5432 }] }],
    },
  },
})
engine.apply([
  { kind: "namespace", op: "set", value: { name: "shop", labels: {} } },
  pod("web", "10.0.0.1"),
  pod("db", "10.0.0.2"),
  policy("web"),
  policy("db"),
])

const chains = renderNode(engine.program(), "one", defaultRulesetOptions).flatMap((object) =>
  "chain" in object ? [object.chain.name] : [],
)
const options = { program: engine.program, ruleset: () => defaultRulesetOptions }

test("a deny chain is its isolating policies'", () => {
  const find = createDenyChains(options)
  const found = chains.filter((name) => name.startsWith("deny_")).map((name) => find("one", name))
  const policies = found.flatMap((each) => each?.policies.map(({ name }) => name).join() ?? [])
  expect(policies.toSorted()).toEqual(["only-db", "only-web"])
  expect(found[0]).toMatchObject({ direction: "ingress", namespaces: ["shop"], observed: false })
})

test("fixed drops and chains that are gone are nobody's", () => {
  const find = createDenyChains(options)
  expect([find("one", "drop_unknown"), find("one", "deny_gone"), find("two", "deny_gone")]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test("what the kernel refuses concerns the policies that it is made of, and no other", () => {
  const find = createConcernedPolicies(options)
  const concerned = chains
    .filter((name) => name.startsWith("in_"))
    .map((name) => [...(find("one", `inet postern ${name}`) ?? [])].join())
  expect(concerned.toSorted()).toEqual(["NetworkPolicy/shop/only-db", "NetworkPolicy/shop/only-web"])
})

test("a chain of the base, or of a node that is not known, concerns all", () => {
  const find = createConcernedPolicies(options)
  expect([find("one", "inet postern forward"), find("two", "inet postern in_x")]).toEqual([
    undefined,
    undefined,
  ])
})
