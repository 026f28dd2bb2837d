import * as fc from "fast-check"
import { apply } from "nftables-json/apply"
import { normalize } from "nftables-json/normalize"
import type { Ruleset } from "nftables-json/schema"
import { expect, test } from "vitest"
import { changesTo, compile } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import type { Endpoint, PendingPod, Program } from "../../src/compile/program.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderBindings } from "../../src/compile/ruleset/render-bindings.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change, Pod, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { change, lowerIr } from "../engine/changes.ts"
import { applyChange, emptyCluster, snapshotOf } from "../engine/cluster.ts"
import { seedOf } from "../random/seed.ts"
import { networkPolicy, pod, snapshot } from "../snapshots.ts"

const seed = seedOf()
const LONG = { timeout: 120_000 }
const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })

test(
  "a pod is pending while it has a node and no address, with the classes that an address will give it",
  LONG,
  () => {
    let pending = 0
    fc.assert(
      fc.property(batches, (all) => {
        const engine = createEngine({ lower: lowerIr })
        const cluster = emptyCluster()
        for (const changes of all) {
          engine.apply(changes)
          for (const each of changes) applyChange(cluster, each)
          const told = pendingIn(engine.program())
          expect(told).toEqual(expectedIn(snapshotOf(cluster)))
          pending += told.length
        }
      }),
      { seed, numRuns: 500 },
    )
    expect(pending).toBeGreaterThan(100)
  },
)

test("a node that follows the updates has the rules and bindings that it would be given whole", LONG, () => {
  let followed = 0
  fc.assert(
    fc.property(batches, (all) => {
      const engine = createEngine({ lower: lowerIr })
      const held = new Map<string, Held>()
      for (const changes of all) {
        const delta = engine.apply(changes)
        const program = engine.program()
        for (const [node, before] of held) {
          const update = renderDelta(program, delta, node, defaultRulesetOptions)
          if (update === undefined) continue
          const { add, flip, remove } = update.plan
          const ruleset = normalize([add, flip, remove].reduce(apply, before.ruleset))
          const bindings = update.bindings ?? before.bindings
          expect({ ruleset, bindings }).toStrictEqual(wholeOf(program, node))
          expect(update.bindings).not.toStrictEqual(before.bindings)
          followed += 1
        }
        held.clear()
        for (const node of program.nodes.keys()) held.set(node, wholeOf(program, node))
      }
    }),
    { seed, numRuns: 120 },
  )
  expect(followed).toBeGreaterThan(100)
})

interface Held {
  readonly ruleset: Ruleset
  readonly bindings: ReturnType<typeof renderBindings>
}

function wholeOf(program: Program, node: string): Held {
  return {
    ruleset: normalize(renderNode(program, node, defaultRulesetOptions)),
    bindings: renderBindings(program, node, defaultRulesetOptions),
  }
}

function pendingIn({ nodes }: Program): readonly (PendingPod & { readonly node: string })[] {
  const all = [...nodes.values()].flatMap(({ node, pending }) =>
    Array.from(pending(), (each) => ({ node, ...each })),
  )
  return all.toSorted(byUid)
}

/** The classes of the endpoints that there would be if every pod without an address had one of its own. */
function expectedIn(snapshot: Snapshot): ReturnType<typeof pendingIn> {
  const addresses = new Map(snapshot.pods.map((each, i) => [each, `10.200.0.${i + 1}`]))
  const pods = snapshot.pods.map((each): Pod => {
    return isPending(each) ? { ...each, addresses: [addresses.get(each) ?? ""] } : each
  })
  const given = new Map(
    [...compile({ ...snapshot, pods }, { lower: lowerIr }).nodes.values()]
      .flatMap(({ endpoints }) => [...endpoints()])
      .map((each): [string, Endpoint] => [each.address, each]),
  )
  return snapshot.pods
    .filter(isPending)
    .flatMap((each) => {
      const endpoint = given.get(addresses.get(each) ?? "")
      if (endpoint === undefined) return []
      const { address: _address, ...rest } = endpoint
      return [{ node: each.node, ...rest }]
    })
    .toSorted(byUid)
}

function isPending({ node, uid, addresses, hostNetwork, finished }: Pod): boolean {
  return node !== "" && uid !== "" && addresses.length === 0 && !hostNetwork && !finished
}

function byUid(a: { readonly uid: string }, b: { readonly uid: string }): number {
  return a.uid < b.uid ? -1 : 1
}

const closed = networkPolicy("closed", {
  podSelector: { matchLabels: { app: "web" } },
  policyTypes: ["Ingress"],
})
const web = pod("web")
const cluster = snapshot({
  nodes: [{ name: "node-a", labels: {}, addresses: [], podCIDRs: ["10.0.0.0/24"] }],
  pods: [pod("other", { addresses: ["10.0.0.9"] }), web],
  policies: [closed],
})

test("a binding says what the dispatch maps say once the address is there, and is gone then", () => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(cluster))
  const before = renderBindings(engine.program(), "node-a", defaultRulesetOptions)
  const chains = chainsIn(renderNode(engine.program(), "node-a", defaultRulesetOptions))
  const delta = engine.apply([set({ ...web, addresses: ["10.0.0.1"] })])
  const update = renderDelta(engine.program(), delta, "node-a", defaultRulesetOptions)
  const [binding] = before
  expect(before).toHaveLength(1)
  expect(binding).toMatchObject({ uid: web.uid, egress: { return: null } })
  expect(update).toMatchObject({ bindings: [], narrows: false, forget: [], plan: { add: [], remove: [] } })
  const entry = (map: string, verdict: unknown) => ({
    add: { element: { family: "inet", table: "postern", name: map, elem: [["10.0.0.1", verdict]] } },
  })
  expect(update?.plan.flip).toEqual([entry("egress4", binding?.egress), entry("ingress4", binding?.ingress)])
  expect(chains).toContain(targetOf(binding?.ingress))
})

test.for<[string, Partial<Pod>]>([
  ["is on the host network", { hostNetwork: true }],
  ["has finished", { finished: true }],
  ["has no uid: it is from a file", { uid: "" }],
  ["has no node", { node: "" }],
  ["has an address of one family", { addresses: ["10.0.0.1"] }],
])("there is no binding for a pod that %s", ([, change]) => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(cluster))
  engine.apply([set({ ...web, ...change })])
  expect(renderBindings(engine.program(), "node-a", defaultRulesetOptions)).toEqual([])
})

test.for<[string, readonly Change[], boolean | undefined]>([
  ["a pod that is bound widens", [set(pod("web-2", { labels: { app: "web" } }))], false],
  [
    "a pod that gets labels of a policy narrows",
    [set({ ...web, labels: { app: "web", closed: "" } })],
    false,
  ],
  ["a policy for a pod that had none narrows", [setPolicy("more", { policyTypes: ["Egress"] })], true],
  ["a policy that goes, and leaves a pod without any, widens", [deletion(closed)], false],
  [
    "a pod whose address comes with a policy narrows",
    [set({ ...web, addresses: ["10.0.0.1"] }), setPolicy("more", { policyTypes: ["Egress"] })],
    true,
  ],
  ["a pod that goes narrows: the agent may know its address", [gone(web)], true],
  ["another pod of the same name narrows", [set({ ...web, uid: "other" })], true],
  ["a namespace that is only observed widens", [namespace("observe")], false],
])("%s", ([, changes, narrows]) => {
  const engine = createEngine({ lower })
  engine.apply(changesTo(cluster))
  const delta = engine.apply(changes)
  const update = renderDelta(engine.program(), delta, "node-a", defaultRulesetOptions)
  expect(update?.narrows).toBe(narrows)
})

function set(value: Pod): Change {
  return { kind: "pod", op: "set", value }
}

function gone({ namespace, name }: Pod): Change {
  return { kind: "pod", op: "delete", namespace, name }
}

function setPolicy(name: string, spec: object): Change {
  const podSelector = { matchLabels: { app: "web" } }
  return { kind: "policy", op: "set", value: networkPolicy(name, { podSelector, ...spec }) }
}

function deletion({ kind: policyKind, metadata: { namespace, name } }: PolicyObject): Change {
  return { kind: "policy", op: "delete", policyKind, namespace, name }
}

function namespace(mode: string): Change {
  return {
    kind: "namespace",
    op: "set",
    value: { name: "shop", labels: { "postern.dev/enforcement": mode } },
  }
}

function chainsIn(ruleset: Ruleset): readonly string[] {
  return ruleset.flatMap((object) => ("chain" in object ? [object.chain.name] : []))
}

function targetOf(verdict: unknown): string {
  return JSON.stringify(verdict).match(/"target":"([^"]+)"/)?.[1] ?? ""
}
