// Connectivity against the independent reading: every line is what src/explain allows between some addresses of its ends.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { AddressRun, ClusterView, Workload } from "../../src/analysis/cluster-view.ts"
import {
  type ConnectionSet,
  isEqual,
  isTold,
  NO_CONNECTIONS,
  union,
} from "../../src/analysis/connection-set.ts"
import { connectivity } from "../../src/analysis/connectivity.ts"
import { createModel } from "../../src/analysis/model.ts"
import { changesTo } from "../../src/compile/compile.ts"
import type { Lower } from "../../src/compile/policy-ir.ts"
import type { Snapshot } from "../../src/compile/snapshot.ts"
import { allowed } from "../../src/explain/allowed.ts"
import type { Endpoint, Judge } from "../../src/explain/judge.ts"
import { createWorld, DEFAULT_SETTINGS, endpointsOf, type World } from "../../src/explain/world.ts"
import { judgeOf, lower } from "../../src/kinds/registry.ts"
import { type RandomCluster, randomCluster, tieredCluster } from "../random/cluster.ts"
import { seedOf } from "../random/seed.ts"
import { lowerTiered, TIERED_KIND, tieredJudge } from "../random/tiered-policy.ts"

const seed = seedOf()

const lowerAny: Lower = (policy) => (policy.kind === TIERED_KIND ? lowerTiered(policy) : lower(policy))
const judgeAny: typeof judgeOf = (policy) =>
  policy.kind === TIERED_KIND ? boundedTieredJudge : judgeOf(policy)

/** The judge of the tests' kind answers for single ports; every number in a spec, and the next, may bound an answer. */
const boundedTieredJudge: Judge = {
  ...tieredJudge,
  portBounds: ({ spec }) =>
    Array.from(JSON.stringify(spec).matchAll(/"(?:port|endPort)":(\d+)/g), ([, digits]) =>
      Number(digits),
    ).flatMap((number) => [number, number + 1]),
}

/** Where pods without an address could have theirs; [] for anywhere. */
const podRanges = fc.constantFrom<readonly string[]>([], [], ["10.0.1.0/24", "fd00:1::/64"], ["10.0.0.0/22"])

test.for<[string, fc.Arbitrary<RandomCluster>]>([
  ["NetworkPolicies", randomCluster],
  ["every tier and action", tieredCluster],
])(
  "every line is the union of what some pair of addresses may, and no pair is missing: %s",
  {
    timeout: 300_000,
  },
  ([, clusters]) => {
    fc.assert(
      fc.property(clusters, podRanges, ({ snapshot: written, enforcement }, podCIDRs) => {
        const snapshot = inWorkloads(written)
        const model = createModel({ lower: lowerAny, enforcement, podCIDRs })
        model.apply(changesTo(snapshot))
        // An address that no known pod owns is judged like any other outside.
        const settings = { ...DEFAULT_SETTINGS, unknownPodAddresses: "allow", enforcement, podCIDRs } as const
        const world = createWorld(snapshot, judgeAny, settings)
        const enforced = createWorld(unobserved(snapshot), judgeAny, { ...settings, enforcement: "enforce" })
        expect(linesOf(model)).toEqual(expectedLines(model, { world, enforced }))
      }),
      { seed, numRuns: 60 },
    )
  },
)

function linesOf(view: ClusterView): ReadonlyMap<string, unknown> {
  return new Map(
    connectivity(view).lines.map(({ source, destination, connections, observed }) => [
      `${keyOf(source)} → ${keyOf(destination)}`,
      { connections, observed },
    ]),
  )
}

type Line = ReturnType<typeof connectivity>["lines"][number]

function keyOf(end: Line["source"]): string {
  return end.kind === "range" ? `${end.from}-${end.to}` : `${end.namespace}/${end.name}[${end.workload}]`
}

interface Worlds {
  readonly world: World
  readonly enforced: World
}

function expectedLines(view: ClusterView, worlds: Worlds): ReadonlyMap<string, unknown> {
  const workloads = view.workloads()
  const lines = new Map<string, unknown>()
  const sources = [...workloads, ...view.runs("ingress")]
  const destinations = [...workloads, ...view.runs("egress")]
  for (const from of sources) {
    for (const to of destinations) {
      if (from === to || ("place" in from && "place" in to)) continue
      const connections = unionOf(from, to, worlds.world)
      const strict = unionOf(from, to, worlds.enforced)
      if (!isTold(connections)) continue
      const observed = !isEqual(connections, strict)
      lines.set(`${nameOf(from)} → ${nameOf(to)}`, { connections, observed })
    }
  }
  return new Map([...lines].sort(([a], [b]) => (a < b ? -1 : 1)))
}

type Party = Workload | AddressRun

function nameOf(party: Party): string {
  return "place" in party ? `${party.from}-${party.to}` : party.key
}

function unionOf(from: Party, to: Party, world: World): ConnectionSet {
  let all = NO_CONNECTIONS
  for (const source of endpoints(from, world)) {
    for (const destination of endpoints(to, world)) {
      if (source.address.family !== destination.address.family) continue
      const { observed: _, ...connections } = allowed(
        { from: source, to: destination, throughService: false },
        world,
      )
      all = union(all, connections)
    }
  }
  return all
}

/** Of a range its first and its last address, which must be answered alike. */
function endpoints(party: Party, world: World): readonly Endpoint[] {
  if ("place" in party) {
    const { family } = party.place
    return [party.from, party.to].map((text) => ({
      kind: "outside",
      address: { kind: "known", family, text },
    }))
  }
  return party.pods.flatMap((pod) => endpointsOf({ kind: "pod", pod }, world))
}

/** Pods of odd places make one workload with their neighbours of the namespace; the others are workloads of their own. */
function inWorkloads(snapshot: Snapshot): Snapshot {
  const controller = { kind: "ReplicaSet", name: "set" }
  return { ...snapshot, pods: snapshot.pods.map((pod, i) => (i % 3 === 0 ? pod : { ...pod, controller })) }
}

function unobserved(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    namespaces: snapshot.namespaces.map(({ name, labels }) => {
      const { "postern.dev/enforcement": _, ...rest } = labels
      return { name, labels: rest }
    }),
  }
}
