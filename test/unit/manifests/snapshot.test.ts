// What objects become in a snapshot.

import { expect, test } from "vitest"
import { stringify } from "yaml"
import type { Pod } from "../../../src/compile/snapshot.ts"
import { LONG } from "../../../src/manifests/yaml-list.ts"
import { readText, toldOf } from "./marked.ts"

const ownerOf = (kind: string, name: string) => [{ apiVersion: "x", kind, name, uid: "u", controller: true }]
const podOf = (name: string, more: object = {}, labels: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop", labels, ...more },
})
const workloadOf = (kind: string, name: string, more: object = {}) => ({
  apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
  kind,
  metadata: { name, namespace: "shop", ...more },
  spec: {
    replicas: 3,
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ ports: [{ name: "http", containerPort: 80 }] }] },
    },
  },
})

function read(...objects: readonly object[]) {
  const manifests = readText(objects.map((each) => stringify(each)).join("---\n"))
  expect(manifests.diagnostics).toEqual([])
  return manifests
}

const namesAndOwners = (pods: readonly Pod[]) =>
  pods.map(({ name, owner }) => (owner === undefined ? name : `${name} of ${owner.kind} ${owner.name}`))

test("a pod as the cluster knows it", () => {
  const status = { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "FD00:0::1" }] }
  const containers = [
    {
      ports: [
        { containerPort: 80, name: "http" },
        { containerPort: 53, protocol: "UDP" },
      ],
    },
    { ports: null },
  ]
  const initContainers = [
    { restartPolicy: "Always", ports: [{ containerPort: 9090, name: "metrics" }] },
    { ports: [{ containerPort: 1 }] },
  ]
  const spec = { nodeName: "n1", hostNetwork: true, containers, initContainers }
  const { snapshot } = read({ ...podOf("web", { uid: "u1" }, { app: "web" }), spec, status })
  expect(snapshot.pods).toEqual([
    {
      namespace: "shop",
      name: "web",
      uid: "u1",
      labels: { app: "web" },
      node: "n1",
      addresses: ["10.0.0.1", "fd00::1"],
      hostNetwork: true,
      finished: false,
      ports: [
        { name: "http", protocol: "TCP", port: 80 },
        { name: "", protocol: "UDP", port: 53 },
        { name: "metrics", protocol: "TCP", port: 9090 },
      ],
    },
  ])
})

test.for([
  ["Succeeded", true],
  ["Failed", true],
  ["Running", false],
  ["Pending", false],
  ["Unknown", false],
] as const)("a pod in phase %s has finished: %s", ([phase, finished]) => {
  expect(read({ ...podOf("a"), status: { phase } }).snapshot.pods[0]?.finished).toBe(finished)
})

test("podIP stands in where podIPs is missing", () => {
  const { snapshot } = read(
    { ...podOf("a"), status: { podIP: "10.0.0.1" } },
    { ...podOf("b"), status: { podIPs: [] } },
  )
  expect(snapshot.pods.map(({ addresses }) => addresses)).toEqual([["10.0.0.1"], []])
})

test("a node, with its ranges masked", () => {
  const addresses = [
    { type: "InternalIP", address: "192.168.0.1" },
    { type: "Hostname", address: "n1" },
    { type: "ExternalIP", address: "203.0.113.1" },
  ]
  const node = (name: string, spec: object) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    spec,
    status: { addresses },
  })
  const { snapshot } = read(
    node("n1", { podCIDR: "10.0.0.0/24", podCIDRs: ["10.0.0.1/24", "fd00::/64"] }),
    node("n2", { podCIDR: "10.0.1.0/24" }),
  )
  expect(snapshot.nodes).toEqual([
    {
      name: "n1",
      labels: {},
      addresses: ["192.168.0.1", "203.0.113.1"],
      podCIDRs: ["10.0.0.0/24", "fd00::/64"],
    },
    { name: "n2", labels: {}, addresses: ["192.168.0.1", "203.0.113.1"], podCIDRs: ["10.0.1.0/24"] },
  ])
})

test("a Service, with what the API server would fill in", () => {
  const ports = [{ port: 80 }, { name: "dns", port: 53, protocol: "UDP", targetPort: "dns", nodePort: 30053 }]
  const spec = { selector: { app: "web" }, clusterIPs: ["10.96.0.1", "FD00::1"], ports }
  const { snapshot } = read({ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec })
  expect(snapshot.services).toEqual([
    {
      namespace: "default",
      name: "web",
      selector: { app: "web" },
      clusterIPs: ["10.96.0.1", "fd00::1"],
      ports: [
        { name: "", protocol: "TCP", port: 80, targetPort: 80 },
        { name: "dns", protocol: "UDP", port: 53, targetPort: "dns", nodePort: 30053 },
      ],
    },
  ])
})

test("a namespace has its name as a label, with a manifest or not", () => {
  const labels = { team: "a", "kubernetes.io/metadata.name": "shop" }
  const { snapshot } = read(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels } },
    podOf("a"),
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "b" },
    },
  )
  expect(snapshot.namespaces).toEqual([
    { name: "shop", labels },
    { name: "default", labels: { "kubernetes.io/metadata.name": "default" } },
  ])
})

test.for([
  ["List", (items: readonly object[]) => ({ apiVersion: "v1", kind: "List", items })],
  [
    "PodList, whose items need no kind",
    (items: readonly object[]) => ({
      apiVersion: "v1",
      kind: "PodList",
      items: items.map((item) => ({ ...item, kind: undefined, apiVersion: undefined })),
    }),
  ],
  [
    "List in a List",
    (items: readonly object[]) => ({
      apiVersion: "v1",
      kind: "List",
      items: [{ apiVersion: "v1", kind: "List", items }],
    }),
  ],
] as const)("the items of a %s", ([, listOf]) => {
  expect(read(listOf([podOf("a"), podOf("b")])).snapshot.pods.map(({ name }) => name)).toEqual(["a", "b"])
})

test("other kinds are counted", () => {
  const ignored = (kind: string, name: string) => ({ apiVersion: "v1", kind, metadata: { name } })
  const manifests = read(ignored("Secret", "a"), ignored("ConfigMap", "a"), ignored("Secret", "b"))
  expect([...manifests.ignored]).toEqual([
    ["Secret", 2],
    ["ConfigMap", 1],
  ])
})

test("a List that is cut into its items is read like any other", () => {
  const filler = { text: "x".repeat(1000) }
  const items = Array.from({ length: LONG / 1000 }, (_, i) => podOf(`p${i}`, { annotations: filler }))
  const broken = { ...podOf("broken"), spec: { containers: "none" } }
  const typed = items.map(({ metadata }) => ({ metadata }))
  const text = stringify(
    { apiVersion: "v1", kind: "PodList", items: [...typed, broken], metadata: {} },
    { aliasDuplicateObjects: false },
  )
  expect(text.length).toBeGreaterThan(LONG)
  const { snapshot, diagnostics, positions, sourceLine } = readText(text)
  expect(snapshot.pods.map(({ name }) => name)).toEqual(items.map(({ metadata }) => metadata.name))
  const line = text.slice(0, text.indexOf("containers")).split("\n").length
  expect(diagnostics.map(toldOf)).toEqual([`${line}:19 PNP0203 spec.containers`])
  const last = positions({ kind: "Pod", namespace: "shop", name: `p${items.length - 1}` }, [
    "metadata",
    "namespace",
  ])
  expect(last && sourceLine(last)?.slice(last.column - 1)).toBe("shop")
})

test.for([
  ["Deployment", ["deployment/web of Deployment web"], { app: "web" }],
  ["DaemonSet", ["daemonset/web of DaemonSet web"], { app: "web" }],
  ["Job", ["job/web of Job web"], { app: "web", "job-name": "web", "batch.kubernetes.io/job-name": "web" }],
  [
    "StatefulSet",
    [
      "statefulset/web-0 of StatefulSet web",
      "statefulset/web-1 of StatefulSet web",
      "statefulset/web-2 of StatefulSet web",
    ],
    { app: "web", "statefulset.kubernetes.io/pod-name": "web-0", "apps.kubernetes.io/pod-index": "0" },
  ],
] as const)("a %s without pods has those of its template", ([kind, names, labels]) => {
  const { snapshot, workloads } = read(workloadOf(kind, "web"))
  expect(namesAndOwners(snapshot.pods)).toEqual(names)
  expect(snapshot.pods[0]).toMatchObject({
    namespace: "shop",
    labels,
    addresses: [],
    node: "",
    ports: [{ name: "http", protocol: "TCP", port: 80 }],
  })
  expect(workloads).toEqual([{ kind, namespace: "shop", name: "web", pods: snapshot.pods }])
})

test("a CronJob's pods are its job template's", () => {
  const { spec } = workloadOf("Job", "tick")
  const cronJob = {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "tick" },
    spec: { schedule: "* * * * *", jobTemplate: { spec } },
  }
  expect(namesAndOwners(read(cronJob).snapshot.pods)).toEqual(["cronjob/tick of CronJob tick"])
})

test("a workload with a pod that runs has its pods, whatever stands between", () => {
  const { snapshot, workloads } = read(
    workloadOf("Deployment", "web"),
    workloadOf("ReplicaSet", "web-5d4", { ownerReferences: ownerOf("Deployment", "web") }),
    podOf("web-5d4-x", { ownerReferences: ownerOf("ReplicaSet", "web-5d4") }),
  )
  expect(namesAndOwners(snapshot.pods)).toEqual(["web-5d4-x of Deployment web"])
  expect(workloads.map(({ kind, pods }) => `${kind}: ${pods.map(({ name }) => name).join()}`)).toEqual([
    "Deployment: web-5d4-x",
  ])
})

test("a Deployment's pod is known by its hash where the ReplicaSet is not among the manifests", () => {
  const pod = podOf(
    "web-5d4-x",
    { ownerReferences: ownerOf("ReplicaSet", "web-5d4") },
    { "pod-template-hash": "5d4" },
  )
  expect(namesAndOwners(read(workloadOf("Deployment", "web"), pod).snapshot.pods)).toEqual([
    "web-5d4-x of Deployment web",
  ])
})

test("a workload whose pods have all finished has those of its template beside them", () => {
  const finished = {
    ...podOf("tick-1", { ownerReferences: ownerOf("Job", "tick") }),
    status: { phase: "Succeeded" },
  }
  expect(namesAndOwners(read(workloadOf("Job", "tick"), finished).snapshot.pods)).toEqual([
    "tick-1 of Job tick",
    "job/tick of Job tick",
  ])
})

test("workloads of the same name in two namespaces are two", () => {
  const other = workloadOf("Deployment", "web", { namespace: "other" })
  expect(read(workloadOf("Deployment", "web"), other).workloads.map(({ namespace }) => namespace)).toEqual([
    "shop",
    "other",
  ])
})

test("an assertion of one case, and one of several", () => {
  const one = { from: "a/b", to: "10.0.0.1", ports: ["80/TCP", "ICMP"], expect: "Deny" }
  const assertion = (name: string, spec: object) => ({
    apiVersion: "postern.dev/v1alpha1",
    kind: "ConnectivityAssertion",
    metadata: { name },
    spec,
  })
  const { assertions } = read(assertion("one", one), assertion("two", { cases: [one, one] }))
  expect(assertions).toEqual([
    { namespace: "default", name: "one", cases: [{ ...one, path: ["spec"] }] },
    {
      namespace: "default",
      name: "two",
      cases: [
        { ...one, path: ["spec", "cases", 0] },
        { ...one, path: ["spec", "cases", 1] },
      ],
    },
  ])
})

test("a policy keeps its spec and annotations, and nothing that the API server adds", () => {
  const metadata = { name: "p", annotations: { "postern.dev/a": "b" }, uid: "u", managedFields: [{}] }
  const spec = { podSelector: {}, policyTypes: ["Egress"] }
  const { snapshot } = read({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec })
  expect(snapshot.policies).toEqual([
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "p", namespace: "default", annotations: { "postern.dev/a": "b" } },
      spec,
    },
  ])
})

test("labels named like properties of objects are labels", () => {
  const text =
    'apiVersion: v1\nkind: Pod\nmetadata: { name: a, labels: { constructor: x, toString: "y", hasOwnProperty: z } }'
  expect(readText(text).snapshot.pods[0]?.labels).toEqual({
    constructor: "x",
    toString: "y",
    hasOwnProperty: "z",
  })
})
