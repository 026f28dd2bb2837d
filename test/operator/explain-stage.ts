// The explain API behind a real API server, which reaches it at an address of this machine; two replicas, three users.

import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { Agent } from "undici"
import { fieldOf, listIn, recordIn } from "../../src/api/conforms.ts"
import type { Snapshot } from "../../src/compile/snapshot.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { freePort } from "../api-server/daemon.ts"
import { createCluster, createPod, setPolicy, tellAddresses } from "./api-objects.ts"
import { endpointsOf } from "./endpoints.ts"
import { ownAddress } from "./own-address.ts"
import { eventually, installCrds, must } from "./status-stage.ts"
import { NAMESPACE, type RunningWebhook, setStage } from "./webhook-stage.ts"

export const API = "/apis/explain.postern.dev/v1alpha1"

/** A cluster's administrator, a team that has namespace shop, somebody without rights, the API server's front proxy. */
export type Who = "admin" | "tenant" | "nobody" | "proxy"

export interface Ran {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

export interface ExplainStage {
  readonly server: ApiServer
  kubectl(who: Who, words: readonly string[], input?: string): Promise<Ran>
  postern(who: Who, ...words: readonly string[]): Promise<Ran>
  /** Straight to the port of the API, with somebody's client certificate; the HTTP status. */
  knock(path: string, who: Who | undefined, headers: Readonly<Record<string, string>>): Promise<number>
  stop(): Promise<void>
}

export async function setExplainStage(cluster: Snapshot): Promise<ExplainStage> {
  const server = await startApiServer()
  const running: RunningWebhook[] = []
  const stop = async (): Promise<void> => {
    for (const each of running) await each.stop()
    await server.stop()
  }
  try {
    const apiPort = await serve(server, cluster, running)
    const kubeconfigs: Readonly<Record<Who, string>> = {
      admin: server.kubeconfig,
      tenant: await server.addUser({ name: "tenant" }),
      nobody: await server.addUser({ name: "nobody" }),
      proxy: await server.addUser({ name: "front-proxy-client" }),
    }
    return {
      server,
      stop,
      kubectl: async (who, words, input) => {
        const ran = await server.kubectl(["--kubeconfig", kubeconfigs[who], ...words], input)
        return { status: ran.status, output: ran.stdout, errors: ran.stderr }
      },
      postern: (who, ...words) => postern(server, [...words, "--kubeconfig", kubeconfigs[who]]),
      knock: (path, who, headers) =>
        knock({ origin: `https://${ownAddress()}:${apiPort}`, path, headers }, who && kubeconfigs[who]),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Resolves with the port of the API when the API server finds it. */
async function serve(server: ApiServer, cluster: Snapshot, running: RunningWebhook[]): Promise<number> {
  await installCrds(server)
  const stage = await setStage(server)
  await createCluster(server.client, cluster)
  for (const each of cluster.pods) {
    await createPod(server.client, each)
    await tellAddresses(server.client, each)
  }
  for (const policy of cluster.policies) await setPolicy(server.client, policy)
  const [api, other] = [await freePort(), await freePort()]
  const items = [...tenancy(), ...serving({ api, other, reviews: stage.port })]
  await must(server, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }))
  const host = ownAddress()
  // The API server sends reviews to the one that does not serve the API.
  running.push(await stage.begin({ listen: { host, port: other }, listenApi: { host, port: api } }))
  running.push(await stage.begin({ listen: { host: "0.0.0.0", port: stage.port } }))
  await eventually(
    () => availability(server),
    (message) => message === "",
    "the API is available",
  )
  return api
}

/** "" where it is, else why it is not. */
async function availability(server: ApiServer): Promise<string> {
  const path = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.explain.postern.dev"
  const [condition] = listIn(recordIn(await server.client.get(path), "status"), "conditions")
  return fieldOf(condition, "status") === "True" ? "" : String(fieldOf(condition, "message"))
}

/** In a process of its own: this one is the webhook. */
async function postern({ directory }: ApiServer, words: readonly string[]): Promise<Ran> {
  const program = fileURLToPath(new URL("../../bin/postern.js", import.meta.url))
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: directory },
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, output, errors }
}

interface Request {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

async function knock(request: Request, kubeconfig: string | undefined): Promise<number> {
  const certificate = kubeconfig === undefined ? {} : certificateIn(kubeconfig)
  const agent = new Agent({ connect: { ...certificate, rejectUnauthorized: false } })
  try {
    const { statusCode, body } = await agent.request({ ...request, method: "GET" })
    await body.dump()
    return statusCode
  } finally {
    await agent.close()
  }
}

function certificateIn(kubeconfig: string): { readonly cert: string; readonly key: string } {
  const [first] = listIn(JSON.parse(readFileSync(kubeconfig, "utf8")), "users")
  const user = recordIn(first, "user")
  const decoded = (field: string) => Buffer.from(String(user[field]), "base64").toString("utf8")
  return { cert: decoded("client-certificate-data"), key: decoded("client-key-data") }
}

/** A team that has namespace shop. */
function tenancy(): readonly object[] {
  const apiVersion = "rbac.authorization.k8s.io/v1"
  const metadata = { name: "tenant", namespace: "shop" }
  const rules = [
    { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    { apiGroups: ["explain.postern.dev"], resources: ["*"], verbs: ["get", "list"] },
  ]
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "tenant" }
  return [
    { apiVersion, kind: "Role", metadata, rules },
    { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects: [{ kind: "User", name: "tenant" }] },
  ]
}

interface Ports {
  readonly api: number
  /** Of reviews, of the replica that serves the API. */
  readonly other: number
  readonly reviews: number
}

function serving({ api, other, reviews }: Ports): readonly object[] {
  const named = { name: "postern-webhook", namespace: NAMESPACE }
  const address = ownAddress()
  const ports = [
    { name: "admission", port: 10652 },
    { name: "api", port: 10653 },
  ]
  return [
    { apiVersion: "v1", kind: "Service", metadata: named, spec: { ports } },
    ...endpointsOf(named, [
      { address, ports: { admission: other, api } },
      { address, ports: { admission: reviews } },
    ]),
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1alpha1.explain.postern.dev" },
      spec: {
        group: "explain.postern.dev",
        version: "v1alpha1",
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        service: { ...named, port: 10653 },
      },
    },
  ]
}
