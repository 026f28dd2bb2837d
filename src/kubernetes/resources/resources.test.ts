import * as fc from "fast-check"
import { expect, test } from "vitest"
import { networkPolicyKind } from "../../kinds/networkpolicy/kind.ts"
import { clusterResources } from "../cluster-watch.ts"
import type { ClusterResource } from "./cluster-resource.ts"
import { namespaceResource } from "./namespace.ts"
import { nodeResource } from "./node.ts"
import { podResource } from "./pod.ts"
import { policyResource } from "./policy.ts"
import { serviceResource } from "./service.ts"

const key = { namespace: "shop", name: "thing" }

function decoded(
  resource: ClusterResource,
  object: unknown,
): { readonly value: unknown; readonly mistakes: number } {
  let mistakes = 0
  const change = resource.decode(object, key, () => mistakes++)
  return { value: "value" in change ? change.value : undefined, mistakes }
}

test.for<[string, ClusterResource, unknown, unknown, number]>([
  [
    "a pod's addresses of all families, canonical, each once",
    podResource,
    { status: { podIPs: [{ ip: "10.0.0.1" }, { ip: "FD00:0::1" }, { ip: "10.0.0.1" }], podIP: "10.0.0.1" } },
    { addresses: ["10.0.0.1", "fd00::1"] },
    0,
  ],
  [
    "podIP where there are no podIPs",
    podResource,
    { status: { podIP: "010.0.0.1" } },
    { addresses: ["10.0.0.1"] },
    0,
  ],
  [
    "IPv4 in the clothes of IPv6 is IPv4",
    podResource,
    { status: { podIPs: [{ ip: "::ffff:10.0.0.1" }] } },
    { addresses: ["10.0.0.1"] },
    0,
  ],
  [
    "what is no address is reported and left out",
    podResource,
    { status: { podIPs: [{ ip: "x" }, { ip: "10.0.0.1" }] } },
    { addresses: ["10.0.0.1"] },
    1,
  ],
  [
    "a pod that has succeeded is finished",
    podResource,
    { status: { phase: "Succeeded" } },
    { finished: true },
    0,
  ],
  ["a pod that has failed is finished", podResource, { status: { phase: "Failed" } }, { finished: true }, 0],
  [
    "a pod that is being deleted is not finished before it is",
    podResource,
    {
      metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
      status: { phase: "Running", podIP: "10.0.0.1" },
    },
    { finished: false, addresses: ["10.0.0.1"] },
    0,
  ],
  [
    "a pod on the host's network",
    podResource,
    { spec: { hostNetwork: true, nodeName: "n1" } },
    { hostNetwork: true, node: "n1" },
    0,
  ],
  [
    "ports of containers and sidecars, not of init containers that end",
    podResource,
    {
      spec: {
        containers: [{ ports: [{ name: "web", containerPort: 80 }] }, {}],
        initContainers: [
          { restartPolicy: "Always", ports: [{ containerPort: 53, protocol: "UDP" }] },
          { ports: [{ containerPort: 1 }] },
        ],
      },
    },
    {
      ports: [
        { name: "web", protocol: "TCP", port: 80 },
        { name: "", protocol: "UDP", port: 53 },
      ],
    },
    0,
  ],
  [
    "ports that are none are reported and left out",
    podResource,
    {
      spec: {
        containers: [
          {
            ports: [
              { containerPort: 0 },
              { containerPort: 65536 },
              { containerPort: 5, protocol: "ICMP" },
              7,
            ],
          },
        ],
      },
    },
    { ports: [] },
    3,
  ],
  [
    "a pod's network is as old as its sandbox",
    podResource,
    {
      status: {
        startTime: "2026-01-01T00:00:00Z",
        conditions: [
          { type: "Ready", status: "True", lastTransitionTime: "2026-01-03T00:00:00Z" },
          { type: "PodReadyToStartContainers", status: "True", lastTransitionTime: "2026-01-02T00:00:00Z" },
        ],
      },
    },
    { networkSince: "2026-01-02T00:00:00Z" },
    0,
  ],
  [
    "while it has none, or before Kubernetes 1.29, the pod's start stands for it",
    podResource,
    {
      status: {
        startTime: "2026-01-01T00:00:00Z",
        conditions: [
          { type: "PodReadyToStartContainers", status: "False", lastTransitionTime: "2026-01-02T00:00:00Z" },
        ],
      },
    },
    { networkSince: "2026-01-01T00:00:00Z" },
    0,
  ],
  [
    "a pod of a Deployment",
    podResource,
    {
      metadata: {
        labels: { "pod-template-hash": "abc" },
        ownerReferences: [
          { kind: "Other", name: "o" },
          { kind: "ReplicaSet", name: "web-abc", controller: true },
        ],
      },
    },
    { owner: { kind: "Deployment", name: "web" } },
    0,
  ],
  [
    "a pod of a ReplicaSet",
    podResource,
    { metadata: { ownerReferences: [{ kind: "ReplicaSet", name: "web-abc" }] } },
    { owner: { kind: "ReplicaSet", name: "web-abc" } },
    0,
  ],
  [
    "an inherited property is no label",
    podResource,
    { metadata: { labels: { a: "b", c: 1 } } },
    { labels: { a: "b" } },
    0,
  ],
  [
    "a namespace has its name as a label, whatever it says",
    namespaceResource,
    { metadata: { labels: { a: "b", "kubernetes.io/metadata.name": "other" } } },
    { labels: { a: "b", "kubernetes.io/metadata.name": "thing" } },
    0,
  ],
  [
    "a node's addresses, not its host name",
    nodeResource,
    {
      status: {
        addresses: [
          { type: "Hostname", address: "n1" },
          { type: "InternalIP", address: "192.0.2.1" },
          { type: "ExternalIP", address: "2001:db8::1" },
        ],
      },
    },
    { addresses: ["192.0.2.1", "2001:db8::1"] },
    0,
  ],
  [
    "a node's pod CIDRs, host bits masked",
    nodeResource,
    { spec: { podCIDR: "10.1.0.0/24", podCIDRs: ["10.1.0.7/24", "fd00::/64"] } },
    { podCIDRs: ["10.1.0.0/24", "fd00::/64"] },
    0,
  ],
  [
    "podCIDR where there are no podCIDRs",
    nodeResource,
    { spec: { podCIDR: "10.1.0.0/24" } },
    { podCIDRs: ["10.1.0.0/24"] },
    0,
  ],
  [
    "pod CIDRs as configured on the node",
    nodeResource,
    {
      metadata: { annotations: { "postern.dev/pod-cidrs": "10.9.0.0/24, fd09::/64" } },
      spec: { podCIDR: "10.1.0.0/24" },
    },
    { podCIDRs: ["10.9.0.0/24", "fd09::/64"] },
    0,
  ],
  [
    "a configuration without a CIDR does not hide what the node says",
    nodeResource,
    {
      metadata: { annotations: { "postern.dev/pod-cidrs": "everything" } },
      spec: { podCIDR: "10.1.0.0/24" },
    },
    { podCIDRs: ["10.1.0.0/24"] },
    1,
  ],
  [
    "a service",
    serviceResource,
    {
      spec: {
        selector: { app: "web" },
        clusterIPs: ["10.96.0.1"],
        ports: [
          { port: 80, targetPort: "http", nodePort: 30080 },
          { port: 53, protocol: "UDP", targetPort: 0 },
        ],
      },
    },
    {
      namespace: "shop",
      name: "thing",
      selector: { app: "web" },
      clusterIPs: ["10.96.0.1"],
      ports: [
        { name: "", protocol: "TCP", port: 80, targetPort: "http", nodePort: 30080 },
        { name: "", protocol: "UDP", port: 53, targetPort: 53 },
      ],
    },
    0,
  ],
  [
    "a headless service has no address",
    serviceResource,
    { spec: { clusterIP: "None" } },
    { clusterIPs: [] },
    0,
  ],
  [
    "a policy, without what kubectl keeps in it",
    policyResource(networkPolicyKind),
    {
      metadata: {
        uid: "u",
        generation: 3,
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", a: "b" },
      },
      spec: { podSelector: {} },
      status: {},
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "thing", namespace: "shop", uid: "u", generation: 3, annotations: { a: "b" } },
      spec: { podSelector: {} },
    },
    0,
  ],
])("%s", ([, resource, object, expected, mistakes]) => {
  expect(decoded(resource, object)).toMatchObject({ value: expected, mistakes })
})

test("law: whatever an object holds, it is kept, under its own name", () => {
  const names = fc.constantFrom(
    "metadata",
    "spec",
    "status",
    "labels",
    "annotations",
    "podIPs",
    "ports",
    "containers",
    "ip",
    "containerPort",
    "addresses",
    "podCIDRs",
    "conditions",
    "type",
    "ownerReferences",
    "__proto__",
    "constructor",
    "name",
    "postern.dev/pod-cidrs",
  )
  const { object } = fc.letrec<{ object: unknown }>((tie) => ({
    object: fc.oneof(
      { maxDepth: 5, depthSize: "medium" },
      fc.jsonValue(),
      fc.array(tie("object"), { maxLength: 3 }),
      fc.dictionary(names, tie("object"), { maxKeys: 5 }),
    ),
  }))
  fc.assert(
    fc.property(fc.constantFrom(...clusterResources), object, (resource, odd) => {
      const change = resource.decode(JSON.parse(JSON.stringify(odd)), key, () => undefined)
      expect(change.op).toBe("set")
      expect(JSON.stringify(change)).toContain('"thing"')
    }),
    { numRuns: 1000 },
  )
})
