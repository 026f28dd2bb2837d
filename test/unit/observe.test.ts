import * as fc from "fast-check"
import { expect, test } from "vitest"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Enforcement, Snapshot } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { randomCluster, tieredCluster } from "../random/cluster.ts"
import { dropsOf } from "../random/drops.ts"
import { seedOf } from "../random/seed.ts"
import { lowerTiered, TIERED_KIND } from "../random/tiered-policy.ts"
import { networkPolicy, pod, snapshot } from "../snapshots.ts"

const seed = seedOf()
const LABEL = "postern.dev/enforcement"

test.for([
  ["NetworkPolicies", randomCluster],
  ["tiers of Accept, Deny, Pass and Log around them", tieredCluster],
] as const)("nothing of an observed cluster can drop: %s", { timeout: 180_000 }, ([, clusters]) => {
  fc.assert(
    fc.property(clusters, ({ snapshot }) => {
      const namespaces = snapshot.namespaces.map((each) => ({ ...each, labels: without(each.labels) }))
      const drops = dropsOf({ ...snapshot, namespaces }, { lower: lowerAny, enforcement: "observe" })
      expect(drops).toEqual([])
    }),
    { seed, numRuns: 150 },
  )
})

const lowerAny: typeof lower = (policy) => (policy.kind === TIERED_KIND ? lowerTiered(policy) : lower(policy))

function without({ [LABEL]: _mode, ...labels }: Readonly<Record<string, string>>) {
  return labels
}

const shop: Snapshot = snapshot({
  namespaces: { shop: {}, bank: {} },
  pods: [
    pod("web", { namespace: "shop", addresses: ["10.0.0.1"], node: "node-a" }),
    pod("safe", { namespace: "bank", addresses: ["10.0.0.2"], node: "node-b" }),
  ],
  policies: ["shop", "bank"].map((namespace) =>
    networkPolicy("closed", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }, namespace),
  ),
})

function labelled(name: string, mode: string | undefined) {
  const labels = mode === undefined ? {} : { [LABEL]: mode }
  return { kind: "namespace", op: "set", value: { name, labels } } as const
}

test.for<[string, string | undefined, string | undefined, boolean]>([
  ["to observe a namespace widens", undefined, "observe", false],
  ["to enforce it again narrows", "observe", "enforce", true],
  ["to take the label off narrows, where the cluster enforces", "observe", undefined, true],
])("%s, and concerns the nodes of its pods alone", ([, before, after, narrows]) => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(shop))
  engine.apply([labelled("shop", before)])
  const delta = engine.apply([labelled("shop", after)])
  expect(delta.nodes.map(({ node }) => node)).toEqual(["node-a"])
  const update = renderDelta(engine.program(), delta, "node-a", defaultRulesetOptions)
  expect(update?.narrows).toBe(narrows)
})

test.for<[string, string]>([
  ["a mode that the cluster has already", "enforce"],
  ["a value that is no mode", "Observe"],
])("nothing changes where a namespace is given %s", ([, value]) => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(shop))
  expect(engine.apply([labelled("shop", value)]).nodes).toEqual([])
})

test("the mode of the cluster is that of every namespace without its own", () => {
  const engine = createEngine({ lower })
  engine.apply([...changesTo(shop), labelled("bank", "enforce")])
  const modes = (): Readonly<Record<string, readonly boolean[]>> => {
    const observed = (node: string) =>
      Array.from(
        engine.program().nodes.get(node)?.classes() ?? [],
        (key) => engine.program().policyClass(key).observed,
      )
    return { shop: observed("node-a"), bank: observed("node-b") }
  }
  expect(modes()).toEqual({ shop: [false, false], bank: [false, false] })
  const told: (Enforcement | null)[] = []
  told.push(engine.setEnforcement("observe").enforcement)
  expect(modes()).toEqual({ shop: [true, true], bank: [false, false] })
  told.push(engine.setEnforcement("observe").enforcement, engine.setEnforcement("enforce").enforcement)
  expect(modes()).toEqual({ shop: [false, false], bank: [false, false] })
  expect(told).toEqual(["observe", null, "enforce"])
})

test.for<[string, Enforcement, string, string]>([
  ["dropped where a local pod is isolated", "enforce", "enforce", "drop_multicast"],
  ["let through where isolated pods are only observed", "enforce", "observe", "stamp"],
  ["counted for them where the cluster is observed", "observe", "observe", "drop_multicast"],
])("broadcast from pods is %s", ([, cluster, namespace, target]) => {
  const engine = createEngine({ lower, enforcement: cluster })
  engine.apply([...changesTo(shop), labelled("shop", namespace)])
  const options = { ...defaultRulesetOptions, enforcement: cluster }
  const rules = renderNode(engine.program(), "node-a", options).flatMap((object) =>
    "rule" in object && object.rule.chain === "flood" ? [object.rule] : [],
  )
  expect(rules[0]?.expr.at(-1)).toEqual({ goto: { target } })
})

test("another mode of the cluster asks for the whole ruleset of every node", () => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(shop))
  const delta = engine.setEnforcement("observe")
  const options = { ...defaultRulesetOptions, enforcement: "observe" } as const
  expect(renderDelta(engine.program(), delta, "node-b", options)).toBeUndefined()
})
