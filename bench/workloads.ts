// The clusters that the other engines' scale tests make, the same objects: 1,000 nodes, every policy isolating
// both directions, no egress rule, at most one ingress rule with one peer and no ports.

import type { Namespace, Node, Pod, PolicyObject, Snapshot } from "../src/compile/snapshot.ts"
import { createRandom, type Random } from "./random.ts"

export const WORKLOADS = ["small", "large", "one", "per-pod", "cluster"] as const
export type Workload = (typeof WORKLOADS)[number]

export const NODES = 1000
const SEED = 20260801

/** Objects as a reader of the API has them: parsed from JSON, no two sharing their parts. */
export function makeWorkload(workload: Workload): Snapshot {
  const making: Making = {
    random: createRandom(SEED),
    addresses: new Set(),
    namespaces: [],
    pods: [],
    policies: [],
  }
  make(workload, making)
  const { namespaces, pods, policies } = making
  return { namespaces, pods, policies, nodes: times(NODES, makeNode), services: [] }
}

interface Making {
  readonly random: Random
  readonly addresses: Set<string>
  readonly namespaces: Namespace[]
  readonly pods: Pod[]
  readonly policies: PolicyObject[]
}

function make(workload: Workload, making: Making): void {
  switch (workload) {
    case "small":
      return makeSmall(making)
    case "large":
      return makeLarge(making)
    case "one":
      return makeOne(making)
    case "per-pod":
      return makePerPod(making)
    case "cluster":
      return makeCluster(making)
  }
}

/** 25,000 namespaces with 3 policies and 4 pods each. */
function makeSmall(making: Making): void {
  for (let n = 0; n < 25_000; n++) {
    const namespace = addNamespace(making, `namespace-${n}`)
    addPolicy(making, namespace, { name: "default-deny", subject: {} })
    for (const i of [1, 2]) {
      const labels = { [`app-${i}`]: `scale-${i}` }
      addPolicy(making, namespace, {
        name: `np-${i}`,
        subject: labels,
        peer: { podSelector: { matchLabels: labels } },
      })
      for (let p = 0; p < 2; p++) addPod(making, namespace, labels)
    }
  }
}

/** 100 namespaces with 101 policies and 1,000 pods each. */
function makeLarge(making: Making): void {
  for (let n = 0; n < 100; n++) {
    const namespace = addNamespace(making, `namespace-${n}`)
    addPolicy(making, namespace, { name: "default-deny", subject: {} })
    for (let i = 0; i < 100; i++) {
      const labels = { [`app-${i}`]: `scale-${i}` }
      addPolicy(making, namespace, {
        name: `np-${i}`,
        subject: labels,
        peer: { podSelector: { matchLabels: labels } },
      })
      for (let p = 0; p < 10; p++) addPod(making, namespace, labels)
    }
  }
}

/** 10,000 policies that say the same of the same 10,000 pods. */
function makeOne(making: Making): void {
  const namespace = addNamespace(making, "namespace-0")
  const labels = { "app-1": "scale-1" }
  for (let i = 0; i < 10_000; i++) {
    addPolicy(making, namespace, {
      name: `np-${i}`,
      subject: labels,
      peer: { podSelector: { matchLabels: labels } },
    })
    addPod(making, namespace, labels)
  }
}

/** 5,000 pairs of pods, each with two policies of its own. */
function makePerPod(making: Making): void {
  const namespace = addNamespace(making, "namespace-0")
  for (let i = 0; i < 5000; i++) {
    const one = { app: making.random.word() }
    const other = { app: making.random.word() }
    addPolicy(making, namespace, {
      name: `np-${i}-1`,
      subject: one,
      peer: { podSelector: { matchLabels: other } },
    })
    addPolicy(making, namespace, {
      name: `np-${i}-2`,
      subject: other,
      peer: { podSelector: { matchLabels: one } },
    })
    addPod(making, namespace, one)
    addPod(making, namespace, other)
  }
}

/** 100 companies of 10 namespaces with 10 policies and 100 pods each; peers in all namespaces of the company. */
function makeCluster(making: Making): void {
  for (let n = 0; n < 1000; n++) {
    const company = { company: `company-${n % 100}` }
    const namespace = addNamespace(making, `namespace-${n}`, company)
    for (let j = 0; j < 10; j++) {
      const labels = { app: `scale-${j}` }
      const peer = { podSelector: { matchLabels: labels }, namespaceSelector: { matchLabels: company } }
      addPolicy(making, namespace, { name: `np-${j}`, subject: labels, peer })
      for (let p = 0; p < 10; p++) addPod(making, namespace, labels)
    }
  }
}

type Labels = Readonly<Record<string, string>>

function addNamespace({ namespaces }: Making, name: string, labels: Labels = {}): string {
  namespaces.push(parsed({ name, labels: { "kubernetes.io/metadata.name": name, ...labels } }))
  return name
}

interface PolicySketch {
  readonly name: string
  readonly subject: Labels
  readonly peer?: unknown
}

function addPolicy({ policies }: Making, namespace: string, { name, subject, peer }: PolicySketch): void {
  const podSelector = Object.keys(subject).length === 0 ? {} : { matchLabels: subject }
  const ingress = peer === undefined ? {} : { ingress: [{ from: [peer] }] }
  const spec = { podSelector, policyTypes: ["Ingress", "Egress"], ...ingress }
  policies.push(
    parsed({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace },
      spec,
    }),
  )
}

function addPod(making: Making, namespace: string, labels: Labels): void {
  making.pods.push(makePod(making, { namespace, name: `pod-${making.pods.length}`, labels }))
}

/** A pod on a random node, with an address that no other has. */
export function makePod(
  { random, addresses }: Pick<Making, "random" | "addresses">,
  { namespace, name, labels }: Pick<Pod, "namespace" | "name" | "labels">,
): Pod {
  let address = random.ipv4()
  while (addresses.has(address)) address = random.ipv4()
  addresses.add(address)
  return parsed({
    namespace,
    name,
    uid: random.uuid(),
    labels,
    node: `node-${random.below(NODES)}`,
    addresses: [address],
    hostNetwork: false,
    finished: false,
    ports: [],
  })
}

function makeNode(i: number): Node {
  return parsed({ name: `node-${i}`, labels: {}, addresses: [], podCIDRs: [`10.${i >> 8}.${i & 255}.0/24`] })
}

function parsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}
