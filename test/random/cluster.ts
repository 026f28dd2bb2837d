// Random clusters: two nodes, a few pods of every sort, policies, and the ports to ask about.
//
// A value shrinks as a whole: fewer pods, fewer policies, simpler specs.

import * as fc from "fast-check"
import type {
  ContainerPort,
  Enforcement,
  Namespace,
  Node,
  Pod,
  PolicyObject,
  Snapshot,
} from "../../src/compile/snapshot.ts"
import type { Port } from "../../src/explain/judge.ts"
import { NAMESPACES, NODES, OUTSIDE, PORT_NAMES, PORTS, UNKNOWN } from "./alphabet.ts"
import { labels, namespace, policiesUpTo } from "./policies.ts"
import { tieredPolicies } from "./tiered-policy.ts"

export interface RandomCluster {
  readonly snapshot: Snapshot
  readonly ports: readonly Port[]
  /** Addresses of no pod or node, some of them in a node's pod CIDR. */
  readonly strangers: readonly string[]
  /** Of namespaces that say nothing of it. */
  readonly enforcement: Enforcement
}

/** Some namespaces say how they are enforced, one so that it means nothing. */
const mode: fc.Arbitrary<Readonly<Record<string, string>>> = fc.oneof(
  { weight: 9, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("observe", "observe", "enforce", "Observe").map((value) => {
      return { "postern.dev/enforcement": value }
    }),
  },
)

/** Labels of a Namespace object, or undefined where pods are in a namespace without one. */
const declared = fc.option(
  fc.tuple(labels, mode).map(([own, mode]) => ({ ...own, ...mode })),
  { nil: undefined, freq: 8 },
)

export const randomCluster: fc.Arbitrary<RandomCluster> = fc.oneof(
  { weight: 7, arbitrary: clusterWith(policiesUpTo(9)) },
  { weight: 1, arbitrary: clusterWith(policiesUpTo(9)).map(observed) },
  { weight: 1, arbitrary: clusterWith(policiesUpTo(9), "odd") },
)

/** One that a lab can be: every address is one pod's, and nodes tell their pod ranges. */
export const labCluster: fc.Arbitrary<RandomCluster> = clusterWith(policiesUpTo(9))

/** NetworkPolicies between tiers of every action. */
export const tieredCluster: fc.Arbitrary<RandomCluster> = clusterWith(
  fc.tuple(policiesUpTo(3), tieredPolicies).map((kinds) => kinds.flat()),
)

export function observed(cluster: RandomCluster): RandomCluster {
  return { ...cluster, enforcement: "observe" }
}

/** In an odd one nodes may tell no pod ranges, and pods may claim the addresses of others. */
function clusterWith(
  policies: fc.Arbitrary<readonly PolicyObject[]>,
  oddity: "plain" | "odd" = "plain",
): fc.Arbitrary<RandomCluster> {
  return fc
    .record({
      families: fc.constantFrom<Families>("v4", "v6", "dual", "dual"),
      namespaceLabels: fc.tuple(declared, declared, declared),
      hasRanges: oddity === "odd" ? fc.boolean() : fc.constant(true),
      pods: fc.array(podSketch(oddity === "odd" ? ["claimed"] : []), { minLength: 1, maxLength: 8 }),
      policies,
      strangers: fc
        .tuple(fc.subarray([...OUTSIDE], { maxLength: 2 }), fc.subarray([...UNKNOWN], { maxLength: 1 }))
        .map(([outside, unknown]) => [...outside, ...unknown]),
      ports: fc.uniqueArray(askedPort(), {
        minLength: 2,
        maxLength: 6,
        selector: (port) => JSON.stringify(port),
      }),
    })
    .map((sketch) => ({
      snapshot: snapshotOf(sketch),
      enforcement: "enforce",
      ports: sketch.ports,
      strangers: sketch.strangers.filter(
        (address) => sketch.families !== (address.includes(":") ? "v4" : "v6"),
      ),
    }))
}

type Families = "v4" | "v6" | "dual"

interface Sketch {
  readonly families: Families
  readonly namespaceLabels: readonly (Readonly<Record<string, string>> | undefined)[]
  /** Nodes tell their pod CIDRs. */
  readonly hasRanges: boolean
  readonly pods: readonly PodSketch[]
  readonly policies: readonly PolicyObject[]
}

type Sort = "plain" | "host" | "finished" | "reused" | "claimed" | "pending"

interface PodSketch {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly node: number
  readonly families: Families
  readonly sort: Sort
  readonly ports: readonly ContainerPort[]
}

function podSketch(odd: readonly Sort[]): fc.Arbitrary<PodSketch> {
  return fc.record({
    namespace,
    labels,
    node: fc.nat(1),
    families: fc.constantFrom<Families>("dual", "dual", "v4", "v6"),
    sort: fc.oneof(
      { weight: 10, arbitrary: fc.constant<Sort>("plain") },
      { weight: 4, arbitrary: fc.constantFrom<Sort>("host", "finished", "reused", "pending", ...odd) },
    ),
    ports: fc.uniqueArray(containerPort(), {
      maxLength: 3,
      selector: (each) => JSON.stringify(each),
    }),
  })
}

export function containerPort(): fc.Arbitrary<ContainerPort> {
  return fc.record({
    name: fc.constantFrom(...PORT_NAMES),
    protocol: fc.constantFrom("TCP", "UDP", "SCTP"),
    port: fc.constantFrom(...PORTS),
  })
}

export function askedPort(): fc.Arbitrary<Port> {
  const number = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PORTS) },
    { weight: 1, arbitrary: fc.constantFrom(2, 82, 444, 481, 8079, 65534) },
  )
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("port" as const),
        protocol: fc.constantFrom("TCP", "UDP", "SCTP"),
        port: number,
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "other", protocol: "ICMP" } as const) },
  )
}

function snapshotOf(sketch: Sketch): Snapshot {
  return {
    namespaces: NAMESPACES.flatMap((name, i): readonly Namespace[] => {
      const labels = sketch.namespaceLabels[i]
      return labels === undefined
        ? []
        : [{ name, labels: { ...labels, "kubernetes.io/metadata.name": name } }]
    }),
    nodes: nodesOf(sketch),
    pods: podsOf(sketch),
    services: [],
    policies: sketch.policies,
  }
}

function nodesOf({ families, hasRanges }: Sketch): readonly Node[] {
  return NODES.map(({ name, v4, v6, podCIDRs }) => {
    const [cidr4 = "", cidr6 = ""] = podCIDRs
    return {
      name,
      labels: {},
      addresses: ofFamilies(families, v4, v6),
      podCIDRs: hasRanges ? ofFamilies(families, cidr4, cidr6) : [],
    }
  })
}

/** A reused pod has finished, and the first plain pod of its node has its addresses; a claimed one has not finished. */
function podsOf({ pods, families }: Sketch): readonly Pod[] {
  const addresses = pods.map((sketch, i) => addressesOf(sketch, i, families))
  return pods.map((sketch, i): Pod => {
    const heir = pods.findIndex((other) => other.sort === "plain" && other.node === sketch.node)
    const node = NODES[sketch.node]
    return {
      namespace: sketch.namespace,
      name: `pod-${i}`,
      uid: `uid-${i}`,
      labels: sketch.labels,
      node: node?.name ?? "",
      addresses: (takesOver(sketch) ? addresses[heir] : undefined) ?? addresses[i] ?? [],
      hostNetwork: sketch.sort === "host",
      finished: sketch.sort === "finished" || sketch.sort === "reused",
      ports: sketch.ports,
    }
  })
}

function takesOver({ sort }: PodSketch): boolean {
  return sort === "reused" || sort === "claimed"
}

function addressesOf(
  { sort, node, families }: PodSketch,
  index: number,
  offered: Families,
): readonly string[] {
  const host = NODES[node]
  if (sort === "pending" || host === undefined) return []
  if (sort === "host") return ofFamilies(offered, host.v4, host.v6)
  const own = offered === "dual" ? families : offered
  return ofFamilies(own, `10.0.${node + 1}.${10 + index}`, `fd00:${node + 1}::${(10 + index).toString(16)}`)
}

function ofFamilies(families: Families, v4: string, v6: string): readonly string[] {
  return [...(families === "v6" ? [] : [v4]), ...(families === "v4" ? [] : [v6])]
}
