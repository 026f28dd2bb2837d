// The cluster as changes of a snapshot, from a real API server.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { Change } from "../../src/compile/snapshot.ts"
import { networkPolicyKind } from "../../src/kinds/networkpolicy/kind.ts"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import {
  type ClusterWatch,
  type ClusterWatchOptions,
  watchCluster,
} from "../../src/kubernetes/cluster-watch.ts"
import { namespaceResource } from "../../src/kubernetes/resources/namespace.ts"
import { podResource } from "../../src/kubernetes/resources/pod.ts"
import { policyResource } from "../../src/kubernetes/resources/policy.ts"
import type { WatchEvent } from "../../src/kubernetes/watch-event.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { eventually } from "./eventually.ts"

const timing = { firstDelayMs: 20, longestRefusedDelayMs: 200, absentDelayMs: 100 }

let server: ApiServer
let batches: (readonly Change[])[] = []
let events: WatchEvent[] = []
const watches: ClusterWatch[] = []

beforeAll(async () => {
  server = await startApiServer()
  const { client } = server
  await client.create("/api/v1/namespaces", { metadata: { name: "shop", labels: { team: "a" } } })
  await client.create("/api/v1/nodes", {
    metadata: { name: "n1" },
    spec: { podCIDRs: ["10.1.0.0/24"], podCIDR: "10.1.0.0/24" },
  })
  const containers = [{ name: "c", image: "i", ports: [{ name: "http", containerPort: 8080 }] }]
  await client.create("/api/v1/namespaces/shop/pods", {
    metadata: { name: "web", labels: { app: "web" } },
    spec: { nodeName: "n1", containers },
  })
  await client.create("/api/v1/namespaces/shop/services", {
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
  })
  await client.create("/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies", {
    metadata: { name: "deny" },
    spec: { podSelector: {} },
  })
})

afterEach(async () => {
  await Promise.all(watches.splice(0).map((each) => each.stop()))
})

afterAll(async () => {
  await server.stop()
})

function start(options: Partial<ClusterWatchOptions> = {}): ClusterWatch {
  batches = []
  events = []
  const watch = watchCluster({
    client: server.client,
    onChanges: (changes) => void batches.push(changes),
    onEvent: (event) => void events.push(event),
    timing,
    ...options,
  })
  watches.push(watch)
  watch.start()
  return watch
}

test("the first batch has everything, of all kinds", async () => {
  const watch = start()
  await watch.synced
  expect(batches).toHaveLength(1)
  const first = batches[0] ?? []
  expect(first).toContainEqual({
    kind: "pod",
    op: "set",
    value: expect.objectContaining({
      namespace: "shop",
      name: "web",
      node: "n1",
      labels: { app: "web" },
      addresses: [],
      ports: [{ name: "http", protocol: "TCP", port: 8080 }],
      finished: false,
    }),
  })
  expect(first).toContainEqual({
    kind: "namespace",
    op: "set",
    value: { name: "shop", labels: { team: "a", "kubernetes.io/metadata.name": "shop" } },
  })
  expect(first).toContainEqual({
    kind: "node",
    op: "set",
    value: { name: "n1", labels: {}, addresses: [], podCIDRs: ["10.1.0.0/24"] },
  })
  expect(first).toContainEqual({
    kind: "policy",
    op: "set",
    value: expect.objectContaining({
      kind: "NetworkPolicy",
      metadata: expect.objectContaining({ namespace: "shop", name: "deny", generation: 1 }),
      spec: { podSelector: {}, policyTypes: ["Ingress"] },
    }),
  })
  expect(first).toContainEqual({
    kind: "service",
    op: "set",
    value: expect.objectContaining({ namespace: "shop", name: "web", selector: { app: "web" } }),
  })
  expect(watch.status().every(({ state, synced }) => state === "watching" && synced)).toBe(true)
})

test("later batches have what has changed", async () => {
  await start().synced
  const path = "/api/v1/namespaces/shop/pods/web"
  const later = (): readonly Change[] =>
    batches
      .slice(1)
      .flat()
      .filter(({ kind }) => kind === "pod")
  const status = { phase: "Running", podIP: "10.1.0.5", podIPs: [{ ip: "10.1.0.5" }] }
  await server.client.patch(`${path}/status`, { status }, "application/merge-patch+json")
  await server.client.delete(`${path}?gracePeriodSeconds=0`)
  expect(await eventually(() => later().some(({ op }) => op === "delete"))).toBe(true)
  // Between them it may be told that the pod is being deleted, which changes nothing of what we keep.
  const set = {
    kind: "pod",
    op: "set",
    value: expect.objectContaining({ name: "web", addresses: ["10.1.0.5"] }),
  }
  const [first, ...others] = later()
  expect(first).toEqual(set)
  expect(others.at(-1)).toEqual({ kind: "pod", op: "delete", namespace: "shop", name: "web" })
  expect(others.slice(0, -1).every(({ op }) => op === "set")).toBe(true)
})

test("nothing is handed on while one kind may not be read, and everything is when it may", async () => {
  const reader: KubernetesClient = createKubernetesClient(
    await loadClusterConfig({ kubeconfig: await server.addUser({ name: "reader" }) }),
  )
  await allow(["namespaces"])
  const watch = start({ client: reader, resources: [namespaceResource, podResource] })
  const isRefused = (event: WatchEvent): boolean => event.kind === "failed" && event.resource === "pods"
  expect(await eventually(() => events.filter(isRefused).length > 3)).toBe(true)
  await expect.poll(() => watch.status().map(({ synced }) => synced)).toEqual([true, false])
  expect(batches).toEqual([])
  await allow(["namespaces", "pods"])
  await watch.synced
  expect(batches).toHaveLength(1)
  await watch.stop()
  await reader.close()
})

async function allow(resources: readonly string[]): Promise<void> {
  const path = "/apis/rbac.authorization.k8s.io/v1"
  const role = {
    metadata: { name: "reader" },
    rules: [{ apiGroups: [""], resources, verbs: ["list", "watch"] }],
  }
  await server.client.delete(`${path}/clusterroles/reader`).catch(() => undefined)
  await server.client.create(`${path}/clusterroles`, role)
  const binding = {
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "reader" }],
  }
  await server.client.create(`${path}/clusterrolebindings`, binding).catch(() => undefined)
}

const group = "policy.example.com"
const definition = {
  metadata: { name: `tests.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "tests", singular: "test", kind: "Test" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        },
      },
    ],
  },
}

test("a kind whose CRD is not installed has no policies; it has some when it is, and none when it is gone", async () => {
  const kind = { ...networkPolicyKind, apiVersion: `${group}/v1`, kind: "Test", plural: "tests" }
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
  const watch = start({ resources: [namespaceResource, policyResource(kind)] })
  await watch.synced
  const state = (): string | undefined => watch.status()[1]?.state
  expect(state()).toBe("absent")
  expect(batches).toHaveLength(1)
  await server.client.create(definitions, definition)
  expect(await eventually(() => state() === "watching")).toBe(true)
  await server.client.create(`/apis/${group}/v1/namespaces/shop/tests`, {
    apiVersion: `${group}/v1`,
    kind: "Test",
    metadata: { name: "t" },
    spec: { any: 1 },
  })
  const changes = (): readonly Change[] => batches.flat().filter((each) => each.kind === "policy")
  expect(await eventually(() => changes().length === 1)).toBe(true)
  expect(changes()[0]).toMatchObject({ op: "set", value: { kind: "Test", spec: { any: 1 } } })
  await server.client.delete(`${definitions}/tests.${group}`)
  expect(await eventually(() => state() === "absent")).toBe(true)
  expect(changes().slice(1)).toEqual([
    { kind: "policy", op: "delete", policyKind: "Test", namespace: "shop", name: "t" },
  ])
  expect(events.filter(({ kind }) => kind === "absent")).toHaveLength(2)
})
