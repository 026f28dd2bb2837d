// A live world answers as one that is made of the final snapshot, whatever happened before.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import { changesTo } from "../../src/compile/compile.ts"
import type { Change, PolicyObject, Service, Snapshot } from "../../src/compile/snapshot.ts"
import { inquire } from "../../src/explain/inquiry.ts"
import type { JudgeOf } from "../../src/explain/judge.ts"
import { createLiveWorld } from "../../src/explain/live-world.ts"
import { resolveReference } from "../../src/explain/reference.ts"
import { explainConnection } from "../../src/explain/verdict.ts"
import { createWorld, DEFAULT_SETTINGS, type World } from "../../src/explain/world.ts"
import { judgeOf } from "../../src/kinds/registry.ts"
import { randomCluster, tieredCluster } from "../random/cluster.ts"
import { connectionsIn } from "../random/connections.ts"
import { labels, namespace } from "../random/policies.ts"
import { seedOf } from "../random/seed.ts"
import { TIERED_KIND, tieredJudge } from "../random/tiered-policy.ts"

const judges: JudgeOf = (policy) => (policy.kind === TIERED_KIND ? tieredJudge : judgeOf(policy))

const services: fc.Arbitrary<readonly Service[]> = fc.uniqueArray(
  fc.record({
    namespace,
    name: fc.constantFrom("web", "db"),
    selector: labels,
    clusterIPs: fc.subarray(["10.96.0.1", "10.96.0.2", "fd00:96::1"]),
    ports: fc.constant([{ name: "http", protocol: "TCP" as const, port: 80, targetPort: 8080 }]),
  }),
  { maxLength: 4, selector: ({ namespace, name }) => `${namespace}/${name}` },
)

const cluster = fc
  .tuple(fc.oneof(randomCluster, tieredCluster), services)
  .map(([random, services]) => ({ ...random, snapshot: { ...random.snapshot, services } }))

test("after any changes a live world tells what a world of the snapshot that is left tells", {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(cluster, cluster, fc.infiniteStream(fc.double({ noNaN: true })), (before, after, random) => {
      const settings = { ...DEFAULT_SETTINGS, enforcement: after.enforcement }
      const { apply, configure, world } = createLiveWorld({ judgeOf: judges, settings: DEFAULT_SETTINGS })
      apply(shuffled(changesTo(before.snapshot), random))
      expect(world.snapshot).toEqual(inOrder(before.snapshot))
      for (const change of shuffled(changesBetween(before.snapshot, after.snapshot), random)) apply([change])
      configure(settings)
      const anew = createWorld(inOrder(after.snapshot), judges, settings)
      expect(world.snapshot).toEqual(anew.snapshot)
      expect(world.families).toEqual(anew.families)
      const connections = connectionsIn(after, anew)
      const step = Math.ceil(connections.length / 60)
      for (const connection of connections.filter((_, i) => i % step === 0))
        expect(explainConnection(connection, world)).toEqual(explainConnection(connection, anew))
      for (const reference of referencesIn(after.snapshot))
        expect(answers(reference, world)).toEqual(answers(reference, anew))
    }),
    { seed: seedOf(), numRuns: 60 },
  )
})

/** Named by its kind, by its namespace, by its address, and mistyped. */
function referencesIn({ pods, services, nodes }: Snapshot): readonly string[] {
  return [
    ...pods.map(({ namespace, name }) => `${namespace}/${name}`),
    ...pods.map(({ namespace, name }) => `${namespace}/x${name}`),
    ...pods.flatMap(({ namespace, owner }) => (owner ? [`${namespace}/${owner.kind}/${owner.name}`] : [])),
    ...services.flatMap(({ namespace, name }) => [`${namespace}/svc/${name}`, `one/svc/${name}`]),
    ...[...pods, ...nodes].flatMap(({ addresses }) => addresses),
    "10.96.0.1",
    "fd00:96:0::1",
    "10.0.1.99",
    "fd00:1::99",
    "203.0.113.9",
    ...nodes.map(({ name }) => `node/${name}`),
    "node/nowhere",
  ]
}

function answers(text: string, world: World): unknown {
  const reference = resolveReference(text, { world, namespace: "one" })
  if (!reference.ok) return reference
  const from = {
    kind: "ends",
    text: "203.0.113.7",
    ends: [{ kind: "address", address: "203.0.113.7" }],
  } as const
  const port = { kind: "range", protocol: "TCP", from: 80, to: 80 } as const
  return { reference, answer: inquire({ from, to: reference.value, port }, world) }
}

function changesBetween(before: Snapshot, after: Snapshot): readonly Change[] {
  const left = new Set(changesTo(after).map(keyOf))
  const gone = changesTo(before).filter((change) => !left.has(keyOf(change)))
  return [...gone.flatMap(deletionOf), ...changesTo(after)]
}

function keyOf(change: Change): string {
  if (change.op === "delete") return ""
  const { kind, value } = change
  switch (kind) {
    case "namespace":
    case "node":
      return `${kind} ${value.name}`
    case "pod":
    case "service":
      return `${kind} ${value.namespace}/${value.name}`
    case "policy":
      return `${value.kind} ${value.metadata.namespace}/${value.metadata.name}`
  }
}

function deletionOf(change: Change): readonly Change[] {
  if (change.op === "delete") return []
  const { kind, value } = change
  switch (kind) {
    case "namespace":
    case "node":
      return [{ kind, op: "delete", name: value.name }]
    case "pod":
    case "service":
      return [{ kind, op: "delete", namespace: value.namespace, name: value.name }]
    case "policy":
      return [{ kind, op: "delete", policyKind: value.kind, ...nameOf(value) }]
  }
}

function nameOf({ metadata: { namespace, name } }: PolicyObject) {
  return { namespace, name }
}

function shuffled<T>(items: readonly T[], random: Iterator<number>): readonly T[] {
  return items
    .map((item) => ({ item, at: Number(random.next().value) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** As lists of the API are, policies as they are evaluated. */
function inOrder(snapshot: Snapshot): Snapshot {
  const byName = (a: Named, b: Named) => order(a.namespace ?? "", b.namespace ?? "") || order(a.name, b.name)
  return {
    namespaces: snapshot.namespaces.toSorted(byName),
    nodes: snapshot.nodes.toSorted(byName),
    pods: snapshot.pods.toSorted(byName),
    services: snapshot.services.toSorted(byName),
    policies: snapshot.policies.toSorted(
      (a, b) =>
        judges(a).place(a).tier.order - judges(b).place(b).tier.order ||
        judges(a).place(a).priority - judges(b).place(b).priority ||
        order(a.kind, b.kind) ||
        byName(a.metadata, b.metadata),
    ),
  }
}

interface Named {
  readonly namespace?: string
  readonly name: string
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
