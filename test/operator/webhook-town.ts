// A small town for the webhook: a shop, somebody else, cluster DNS, and kubectl as people use it.

import { fieldOf, listIn } from "../../src/api/conforms.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { node, pod, service, snapshot } from "../snapshots.ts"
import { createCluster, createPod, tellAddresses } from "./api-objects.ts"
import { eventually, installCrds } from "./status-stage.ts"
import { type RunningWebhook, setStage, type WebhookStage } from "./webhook-stage.ts"

export const CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/postern"

export const dns = { "k8s-app": "kube-dns" } as const
const tcp = (port: number, name = "") => ({ name, protocol: "TCP", port }) as const
const pods = [
  pod("web-1", { labels: { app: "web" }, addresses: ["10.0.1.1"], ports: [tcp(80, "http")] }),
  pod("web-2", { labels: { app: "web" }, addresses: ["10.0.2.1"], node: "node-b", ports: [tcp(80, "http")] }),
  pod("db", { labels: { app: "db" }, addresses: ["10.0.1.2"], ports: [tcp(5432)] }),
  pod("client", { namespace: "other", labels: { app: "client" }, addresses: ["10.0.2.2"], node: "node-b" }),
  pod("coredns", {
    namespace: "kube-system",
    labels: dns,
    addresses: ["10.0.1.3"],
    ports: [
      { name: "dns", protocol: "UDP", port: 53 },
      { name: "dns-tcp", protocol: "TCP", port: 53 },
    ],
  }),
]

export interface Town {
  readonly server: ApiServer
  readonly stage: WebhookStage
  running: RunningWebhook
  kubectl(words: readonly string[], input?: unknown): Promise<Said>
  /** caBundle by the webhook's name. */
  bundles(): Promise<Readonly<Record<string, string>>>
  stop(): Promise<void>
}

/** With a webhook that knows it, and that the API server calls. */
export async function startTown(): Promise<Town> {
  const server = await startApiServer()
  try {
    await installCrds(server)
    const stage = await setStage(server)
    await populate(server)
    const running = await stage.begin()
    const town: Town = {
      server,
      stage,
      running,
      kubectl: (words, input) => kubectl(server, words, input),
      bundles: () => bundles(server),
      stop: async () => {
        await town.running.stop()
        await server.stop()
      },
    }
    await eventually(
      async () => Object.values(await town.bundles()),
      (all) => all.length > 0 && all.every((each) => each !== ""),
      "the authority is in the configuration",
    )
    await eventually(
      () => town.kubectl(DRY, denyAll),
      ({ warnings }) => warnings.length > 0,
      "the API server has heard of it",
    )
    return town
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function populate(server: ApiServer): Promise<void> {
  await createCluster(
    server.client,
    snapshot({
      namespaces: { shop: {}, other: {}, "kube-system": {} },
      nodes: [
        node("node-a", { podCIDRs: ["10.0.1.0/24"], addresses: ["192.0.2.1"] }),
        node("node-b", { podCIDRs: ["10.0.2.0/24"], addresses: ["192.0.2.2"] }),
      ],
      services: [
        service("kube-dns", {
          namespace: "kube-system",
          selector: dns,
          clusterIPs: ["10.96.0.10"],
          ports: [{ name: "dns", protocol: "UDP", port: 53, targetPort: 53 }],
        }),
      ],
    }),
  )
  for (const each of pods) {
    await createPod(server.client, each)
    await tellAddresses(server.client, each)
  }
}

async function bundles(server: ApiServer): Promise<Readonly<Record<string, string>>> {
  const configuration = await server.client.get(CONFIGURATION)
  const entries = listIn(configuration, "webhooks").map((each) => [
    textIn(each, "name"),
    textIn(fieldOf(each, "clientConfig"), "caBundle"),
  ])
  return Object.fromEntries(entries)
}

export interface Said {
  readonly status: number
  /** Without "Warning: ". */
  readonly warnings: readonly string[]
  readonly stdout: string
  readonly stderr: string
}

async function kubectl(server: ApiServer, words: readonly string[], input?: unknown): Promise<Said> {
  const { status, stdout, stderr } = await server.kubectl(
    words,
    input === undefined ? undefined : JSON.stringify(input),
  )
  const warnings = stderr
    .split("\n")
    .filter((line) => line.startsWith("Warning: "))
    .map((line) => line.slice("Warning: ".length))
  return { status, warnings, stdout, stderr }
}

export const policy = (name: string, spec: object, namespace = "shop"): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec,
})
export const denyAll = policy("deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] })
export const DRY = ["apply", "--dry-run=server", "-f", "-"]
