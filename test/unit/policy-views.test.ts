import { isDeepStrictEqual } from "node:util"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import type { PodExpression, PolicyReference } from "../../src/compile/policy-ir.ts"
import type { PolicyView } from "../../src/compile/policy-view.ts"
import { labelValue, selects } from "../../src/compile/selector.ts"
import type { Pod, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { lower, policyKindOf } from "../../src/kinds/registry.ts"
import { change, lowerIr } from "../engine/changes.ts"
import { applyChange, emptyCluster, snapshotOf } from "../engine/cluster.ts"
import { seedOf } from "../random/seed.ts"
import { networkPolicy, pod, snapshot } from "../snapshots.ts"

const seed = seedOf()
const LONG = { timeout: 120_000 }
const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 })

type Seen = ReadonlyMap<string, ReturnType<typeof seenOf>>

test(
  "a view has the pods that the policy selects now, by node, and those on the host network apart",
  LONG,
  () => {
    let selected = 0
    fc.assert(
      fc.property(batches, (all) => {
        const engine = createEngine({ lower: lowerIr })
        const cluster = emptyCluster()
        for (const changes of all) {
          engine.apply(changes)
          for (const each of changes) applyChange(cluster, each)
          const now = snapshotOf(cluster)
          const expected = now.policies.map(
            (policy) => [nameOf(lowerIr(policy).policy), expectedOf(policy, now)] as const,
          )
          expect(seen(engine.policies())).toEqual(new Map(expected))
          for (const [, { selectedPods }] of expected) selected += selectedPods
        }
      }),
      { seed, numRuns: 500 },
    )
    expect(selected).toBeGreaterThan(500)
  },
)

test("a policy whose view has changed is among those that the batch touched", LONG, () => {
  const count = { changed: 0, untouched: 0 }
  fc.assert(
    fc.property(batches, (all) => {
      const engine = createEngine({ lower: lowerIr })
      let before: Seen = new Map()
      for (const changes of all) {
        const touched = new Set(engine.apply(changes).touchedPolicies().map(nameOf))
        const after = seen(engine.policies())
        const all = [...new Set([...before.keys(), ...after.keys()])]
        const changed = all.filter((name) => !isDeepStrictEqual(before.get(name), after.get(name)))
        expect(changed.filter((name) => !touched.has(name))).toEqual([])
        count.changed += changed.length
        count.untouched += all.filter((name) => !touched.has(name)).length
        before = after
      }
    }),
    { seed, numRuns: 500 },
  )
  // Where every policy were named at all times, that would hold, too.
  expect(Math.min(count.changed, count.untouched)).toBeGreaterThan(500)
})

const bad = networkPolicy("bad", { podSelector: {}, ingress: [{ ports: [{ port: "80" }] }] })
const good: PolicyObject = {
  ...networkPolicy("good", { podSelector: { matchLabels: { app: "web" } } }),
  metadata: { name: "good", namespace: "shop", uid: "8c6f", generation: 3 },
}
const cluster = snapshot({
  namespaces: { shop: {} },
  pods: [pod("web", { addresses: ["10.0.0.1"] }), pod("db", { node: "node-b" })],
  policies: [bad, good],
})

test("a view tells the object's uid and generation, and what its kind's check says", () => {
  const check = (policy: PolicyObject) => policyKindOf(policy)?.check(policy, "api") ?? []
  const engine = createEngine({ lower, check })
  engine.apply(changesTo(cluster))
  expect(engine.policyView(reference("good"))).toMatchObject({
    reference: reference("good"),
    uid: "8c6f",
    generation: 3,
    selectedPods: 1,
    nodes: new Map([["node-a", 1]]),
    diagnostics: [],
  })
  expect(engine.policyView(reference("bad"))).toMatchObject({ uid: "", generation: 0, selectedPods: 2 })
  expect(engine.policyView(reference("bad"))?.diagnostics).toEqual(check(bad))
  expect(check(bad)).not.toEqual([])
  expect(engine.policyView(reference("none"))).toBeUndefined()
})

test("another mode of the cluster touches the policies whose pods it observes", () => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(cluster))
  const { touchedPolicies } = engine.setEnforcement("observe")
  expect(touchedPolicies().map(nameOf).toSorted()).toEqual(
    [bad, good].map((each) => nameOf(lower(each).policy)),
  )
  expect(engine.policyView(reference("bad"))?.observedPods).toBe(2)
})

function reference(name: string): PolicyReference {
  return { kind: "NetworkPolicy", namespace: "shop", name }
}

function nameOf({ kind, namespace, name }: PolicyReference): string {
  return `${kind} ${namespace}/${name}`
}

function seen(views: Iterable<PolicyView>): Seen {
  return new Map(Array.from(views, (view) => [nameOf(view.reference), seenOf(view)] as const))
}

function seenOf({ selectedPods, observedPods, hostNetworkPods, nodes }: Omit<PolicyView, "reference">) {
  return { selectedPods, observedPods, hostNetworkPods, nodes: Object.fromEntries(nodes) }
}

function expectedOf(policy: PolicyObject, snapshot: Snapshot): ReturnType<typeof seenOf> {
  const { subject } = lowerIr(policy)
  const all = snapshot.pods.filter((each) => !each.finished && holds(subject, each, snapshot))
  const selected = all.filter((each) => !each.hostNetwork)
  const nodes = Map.groupBy(
    selected.filter(({ node }) => node !== ""),
    ({ node }) => node,
  )
  return {
    selectedPods: selected.length,
    observedPods: selected.filter(({ namespace }) => {
      return labelValue(labelsOf(namespace, snapshot), "postern.dev/enforcement") === "observe"
    }).length,
    hostNetworkPods: all.length - selected.length,
    nodes: Object.fromEntries(Array.from(nodes, ([node, { length }]) => [node, length])),
  }
}

function holds({ namespaces, pods }: PodExpression, { namespace, labels }: Pod, snapshot: Snapshot): boolean {
  const isThere =
    namespaces.kind === "name"
      ? namespaces.name === namespace
      : selects(namespaces.selector, labelsOf(namespace, snapshot))
  return isThere && selects(pods, labels)
}

function labelsOf(namespace: string, { namespaces }: Snapshot) {
  return {
    "kubernetes.io/metadata.name": namespace,
    ...namespaces.find(({ name }) => name === namespace)?.labels,
  }
}
