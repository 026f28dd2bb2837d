// A pod and a policy that was there before it, when the policy's watch is stuck and the pod's is not.

import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { Change } from "../../src/compile/snapshot.ts"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { type ClusterWatch, watchCluster } from "../../src/kubernetes/cluster-watch.ts"
import type { NewPodsTiming } from "../../src/kubernetes/new-pods.ts"
import type { WatchEvent } from "../../src/kubernetes/watch-event.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { type FaultProxy, startFaultProxy } from "../api-server/fault-proxy.ts"
import { eventually } from "./eventually.ts"

const timing = { firstDelayMs: 20, longestRefusedDelayMs: 200, absentDelayMs: 100 }
const POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"
const NAMESPACES = "/api/v1/namespaces"
const policiesOf = (namespace: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`

let server: ApiServer
let proxy: FaultProxy
let client: KubernetesClient
let watch: ClusterWatch | undefined
let told: Change[] = []
let events: WatchEvent[] = []

beforeAll(async () => {
  server = await startApiServer()
  proxy = await startFaultProxy(server.kubeconfig)
  client = createKubernetesClient(proxy.config)
})

afterEach(async () => {
  await watch?.stop()
  watch = undefined
  proxy.clear()
})

afterAll(async () => {
  await client?.close()
  await proxy?.stop()
  await server?.stop()
})

async function start(newPods: Partial<NewPodsTiming> = {}): Promise<ClusterWatch> {
  told = []
  events = []
  watch = watchCluster({
    client,
    timing,
    newPods,
    onChanges: (changes) => void told.push(...changes),
    onEvent: (event) => void events.push(event),
  })
  watch.start()
  await watch.synced
  const streams = () => [POLICIES, NAMESPACES, "/api/v1/pods"].map((path) => proxy.openStreams(path))
  expect(await eventually(() => streams().every((count) => count === 1))).toBe(true)
  return watch
}

async function createNamespace(name: string): Promise<void> {
  await server.client.create(NAMESPACES, { metadata: { name } })
}

async function createPolicy(namespace: string): Promise<void> {
  await server.client.create(policiesOf(namespace), { metadata: { name: "deny" }, spec: { podSelector: {} } })
}

async function createPod(namespace: string, spec: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const containers = [{ name: "c", image: "i" }]
  const made = await server.client.create<{ readonly metadata: { readonly resourceVersion: string } }>(
    `/api/v1/namespaces/${namespace}/pods`,
    { metadata: { name: "web" }, spec: { nodeName: "n1", containers, ...spec } },
  )
  return made.metadata.resourceVersion
}

/** Places in what was told; -1: not told. */
function place(kind: Change["kind"], namespace: string): number {
  return told.findIndex((change) => {
    if (change.op === "delete" || change.kind !== kind) return false
    if (change.kind === "policy") return change.value.metadata.namespace === namespace
    if (change.kind === "namespace") return change.value.name === namespace
    return change.kind === "pod" && change.value.namespace === namespace
  })
}

test.for<[string, string, Change["kind"]]>([
  ["a policy of its namespace", POLICIES, "policy"],
  ["the labels of its namespace", NAMESPACES, "namespace"],
])("a new pod waits for %s when that watch is stuck, which is begun anew", async ([, path, kind]) => {
  const namespace = `stuck-${kind}`
  if (kind !== "namespace") await createNamespace(namespace)
  await start({ staleMs: 200, longestMs: 240_000 })
  proxy.breakStreams(path, { kind: "stall", lines: 0 })
  if (kind === "namespace") await createNamespace(namespace)
  else await createPolicy(namespace)
  await createPod(namespace)
  expect(await eventually(() => place("pod", namespace) >= 0)).toBe(true)
  expect(place(kind, namespace)).toBeGreaterThanOrEqual(0)
  expect(place(kind, namespace)).toBeLessThan(place("pod", namespace))
  expect(events.filter((event) => event.kind === "stale").length).toBeGreaterThan(0)
  expect(events.filter((event) => event.kind === "unproven")).toEqual([])
})

test("a new pod waits no longer than it may, and that is said; what waits is not reached", async () => {
  await createNamespace("bounded")
  const running = await start({ staleMs: 200, longestMs: 8_000 })
  proxy.breakStreams(POLICIES, { kind: "stall", lines: 0 })
  const isStream = (kind: string) => kind === "watch" || kind === "watch-list"
  proxy.inject({
    when: (request) => request.path === POLICIES && isStream(request.kind),
    fault: { kind: "stall", lines: 0 },
    times: 1_000,
  })
  await createPolicy("bounded")
  const version = await createPod("bounded")
  expect(await eventually(() => running.waitingPods === 1)).toBe(true)
  const reached = running.status().find(({ resource }) => resource === "pods")?.reached ?? ""
  expect(BigInt(reached)).toBeLessThan(BigInt(version))
  expect(await eventually(() => place("pod", "bounded") >= 0)).toBe(true)
  expect(running.waitingPods).toBe(0)
  expect(events.filter((event) => event.kind === "unproven")).toEqual([
    {
      kind: "unproven",
      resource: "pods",
      pods: ["bounded/web"],
      count: 1,
      reason: "the watch of networkpolicies.networking.k8s.io is behind",
    },
  ])
})

test("a pod that is gone before it is let in was never there", async () => {
  await createNamespace("gone")
  const running = await start({ staleMs: 60_000, longestMs: 120_000 })
  proxy.breakStreams(POLICIES, { kind: "stall", lines: 0 })
  await createPolicy("gone")
  await createPod("gone")
  expect(await eventually(() => running.waitingPods === 1)).toBe(true)
  await server.client.delete("/api/v1/namespaces/gone/pods/web?gracePeriodSeconds=0")
  expect(await eventually(() => running.waitingPods === 0)).toBe(true)
  expect(told.filter(({ kind }) => kind === "pod")).toEqual(
    told.filter(
      (change) => change.kind === "pod" && change.op === "set" && change.value.namespace !== "gone",
    ),
  )
})

test("a pod on the network of its node waits for nothing, and neither do changes of pods that are known", async () => {
  await createNamespace("known")
  await createPod("known")
  const running = await start({ staleMs: 60_000, longestMs: 120_000 })
  proxy.breakStreams(POLICIES, { kind: "stall", lines: 0 })
  await createNamespace("host")
  await createPolicy("known")
  await createPolicy("host")
  await createPod("host", { hostNetwork: true })
  expect(await eventually(() => place("pod", "host") >= 0)).toBe(true)
  const patch = { metadata: { labels: { app: "web" } } }
  await server.client.patch("/api/v1/namespaces/known/pods/web", patch, "application/merge-patch+json")
  const isLabelled = (change: Change): boolean =>
    change.kind === "pod" && change.op === "set" && change.value.labels["app"] === "web"
  expect(await eventually(() => told.some(isLabelled))).toBe(true)
  expect(running.waitingPods).toBe(0)
})

test("many pods of many namespaces are asked about together", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `many-${i}`)
  for (const name of names) await createNamespace(name)
  await start({ staleMs: 60_000, longestMs: 240_000 })
  const before = proxy.requests.length
  await Promise.all(names.map((name) => createPod(name)))
  expect(await eventually(() => names.every((name) => place("pod", name) >= 0))).toBe(true)
  await sleep(0)
  const asked = proxy.requests.slice(before).filter(({ query }) => !query.has("watch"))
  expect(asked.length).toBeLessThanOrEqual(2 * names.length)
  expect(events.filter(({ kind }) => kind === "stale" || kind === "unproven")).toEqual([])
})
