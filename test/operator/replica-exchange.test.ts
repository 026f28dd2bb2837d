// Two controller replicas as they are installed: what an agent tells one of them, the one that writes statuses knows.

import { afterAll, beforeAll, expect, test } from "vitest"
import { type Controller, createController } from "../../src/controller/controller.ts"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import { createLog } from "../../src/telemetry/log.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { installManifest, NAMESPACE } from "./controller-stage.ts"
import { eventually, must, playAgent } from "./status-stage.ts"

let server: ApiServer
let leader: Controller
let other: Controller
const clients: KubernetesClient[] = []

/** The API server takes no loopback address for an endpoint's: the replicas read 127.0.0.1 in its place. */
const ELSEWHERE = "192.0.2.1"

beforeAll(async () => {
  server = await startApiServer()
  await must(server, ["create", "namespace", "shop"])
  await installManifest(server)
  leader = await start("first")
  await eventually(
    () => leader.isLeader,
    (leads) => leads,
    "the first leads",
  )
  other = await start("second")
  for (const { port } of [leader, other]) await announce(port ?? 0)
})

afterAll(async () => {
  await other?.stop()
  await leader?.stop()
  await Promise.all(clients.map((client) => client.close()))
  await server?.stop()
})

async function start(identity: string): Promise<Controller> {
  const kubeconfig = await server.addServiceAccountUser({
    namespace: NAMESPACE,
    serviceAccount: "postern-controller",
  })
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  clients.push(client)
  const controller = createController({
    client: nearby(client),
    log: createLog({ level: "silent", name: "test" }),
    options: {
      namespace: NAMESPACE,
      identity,
      listen: { host: "127.0.0.1", port: 0 },
      advertise: ["127.0.0.1"],
      metricsAddress: "",
      kubeconfig,
      logLevel: "silent",
    },
    lease: { durationMs: 30_000, renewDeadlineMs: 20_000, retryMs: 500 },
    drainMs: 0,
  })
  await controller.start()
  return controller
}

function nearby(client: KubernetesClient): KubernetesClient {
  const near = (text: string): string => text.replaceAll(ELSEWHERE, "127.0.0.1")
  return {
    get: async (path, query, signal) =>
      JSON.parse(near(JSON.stringify(await client.get(path, query, signal)))),
    list: (path, query) => client.list(path, query),
    watch: async function* (path, query, options) {
      for await (const line of client.watch(path, query, options)) yield near(line)
    },
    create: (path, body) => client.create(path, body),
    replace: (path, body) => client.replace(path, body),
    patch: (path, body, type) => client.patch(path, body, type),
    delete: (path, body) => client.delete(path, body),
    close: () => client.close(),
  }
}

/** What the endpoint controller says of a replica. */
async function announce(port: number): Promise<void> {
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `postern-controller-${port}`,
      namespace: NAMESPACE,
      labels: { "kubernetes.io/service-name": "postern-controller" },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [ELSEWHERE], conditions: { ready: true } }],
    ports: [{ name: "agents", port, protocol: "TCP" }],
  }
  await must(server, ["create", "-f", "-"], JSON.stringify(slice))
}

async function create(object: object): Promise<void> {
  await must(server, ["create", "-f", "-"], JSON.stringify(object))
}

test("a policy is Programmed when agents of both replicas have it, and Degraded by either", async () => {
  for (const name of ["one", "two"]) {
    await create({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: { podCIDR: "10.0.0.0/16" } })
    await create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "shop" },
      spec: {
        nodeName: name,
        automountServiceAccountToken: false,
        serviceAccountName: "none",
        containers: [{ name: "main", image: "none" }],
      },
    })
  }
  playAgent(leader.distributor, "one")
  const far = playAgent(other.distributor, "two")
  await create({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "default-deny", namespace: "shop" },
    spec: { podSelector: {}, policyTypes: ["Ingress"] },
  })
  await eventually(phase, (text) => text === "Programmed 2", "both have it")
  far.say({ isolated: [{ object: "inet postern forward", error: "no memory" }] })
  await eventually(phase, (text) => text === "Degraded 1", "the far one has not")
  far.say({})
  await eventually(phase, (text) => text === "Programmed 2", "both have it again")
  const state = await eventually(
    () => must(server, ["get", "nodestatus", "two", "-o", "jsonpath={.status.state}"]),
    (text) => text === "Programmed",
    "its node, too",
  )
  expect(state).toBe("Programmed")
})

async function phase(): Promise<string> {
  const { stdout } = await server.kubectl([
    "get",
    "pstat",
    "networkpolicy.default-deny",
    "-n",
    "shop",
    "-o",
    "jsonpath={.status.phase} {.status.nodes.programmed}",
  ])
  return stdout
}
