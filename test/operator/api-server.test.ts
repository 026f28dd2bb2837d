// The API server that the other tests stand on.

import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { PINNED_KUBERNETES, wantedApiServer } from "../../scripts/programs/kubernetes-module.ts"
import { isOvertaken, isStatus } from "../../src/kubernetes/api-error.ts"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import { endpointSliceResource } from "../../src/kubernetes/resources/endpoint-slice.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { eventually } from "./eventually.ts"

let server: ApiServer
let client: KubernetesClient
const shop = "/api/v1/namespaces/shop"

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true })
  client = server.client
  await client.create("/api/v1/namespaces", { metadata: { name: "shop" } })
})

afterAll(async () => {
  await server.stop()
})

test.for<[string, object, boolean]>([
  ["of an older version", { op: "test", path: "/metadata/resourceVersion", value: "1" }, true],
  ["that would make it invalid", { op: "add", path: "/metadata/labels/app", value: "no label" }, false],
])("a JSON patch %s: overtaken is %o", async ([, operation, expected]) => {
  const error: unknown = await client
    .patch(shop, [operation], "application/json-patch+json")
    .catch((failure: unknown) => failure)
  expect(error).toMatchObject({ status: 422 })
  expect(isOvertaken(error)).toBe(expected)
})

test("a token that is bound to a pod names the pod's node, and is good for its audience alone", async () => {
  await client.create(`${shop}/serviceaccounts`, { metadata: { name: "agent" } })
  await client.create("/api/v1/nodes", { metadata: { name: "n1" } })
  const spec = { nodeName: "n1", serviceAccountName: "agent", containers: [{ name: "c", image: "i" }] }
  const pod = await client.create<{ metadata: { uid: string } }>(`${shop}/pods`, {
    metadata: { name: "agent" },
    spec,
  })
  const token = await server.mintToken({
    namespace: "shop",
    serviceAccount: "agent",
    audiences: ["ours"],
    boundTo: { kind: "Pod", name: "agent", uid: pod.metadata.uid },
  })
  const review = async (audience: string): Promise<unknown> => {
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, audiences: [audience] },
    }
    const { status } = await client.create<{ status: unknown }>(
      "/apis/authentication.k8s.io/v1/tokenreviews",
      body,
    )
    return status
  }
  expect(await review("ours")).toMatchObject({
    authenticated: true,
    audiences: ["ours"],
    user: {
      username: "system:serviceaccount:shop:agent",
      extra: {
        "authentication.kubernetes.io/node-name": ["n1"],
        "authentication.kubernetes.io/pod-name": ["agent"],
      },
    },
  })
  expect(await review("another")).not.toMatchObject({ authenticated: true })
})

test.for<[string, () => Promise<string>]>([
  ["a user with a certificate", () => server.addUser({ name: "alice", groups: ["readers"] })],
  [
    "a service account",
    async () => {
      await client.create(`${shop}/serviceaccounts`, { metadata: { name: "reader" } })
      return await server.addServiceAccountUser({ namespace: "shop", serviceAccount: "reader" })
    },
  ],
])("%s may do what RBAC lets it, and nothing else", async ([, kubeconfig]) => {
  const user = createKubernetesClient(await loadClusterConfig({ kubeconfig: await kubeconfig() }))
  await expect(user.get("/api/v1/pods")).rejects.toMatchObject({ status: 403, reason: "Forbidden" })
  const [major, minor] = (wantedApiServer() ?? PINNED_KUBERNETES).split(".")
  expect(await user.get("/version")).toMatchObject({ major, minor })
  await user.close()
})

test("what an object owned goes with it, and a namespace goes with all that is in it", async () => {
  const namespace = "/api/v1/namespaces/passing"
  const path = `${namespace}/configmaps`
  await client.create("/api/v1/namespaces", { metadata: { name: "passing" } })
  const owner = await client.create<{ metadata: { uid: string } }>(path, { metadata: { name: "owner" } })
  const { uid } = owner.metadata
  const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }]
  await client.create(path, { metadata: { name: "owned", ownerReferences } })
  await client.delete(`${path}/owner`)
  const isGone = (each: string): Promise<boolean> =>
    client.get(each).then(
      () => false,
      (error: unknown) => isStatus(error, 404),
    )
  expect(await eventually(() => isGone(`${path}/owned`))).toBe(true)
  await client.delete(namespace)
  expect(await eventually(() => isGone(namespace))).toBe(true)
})

test("endpoint slices can be followed", async () => {
  await client.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
    metadata: { name: "db-1", labels: { "kubernetes.io/service-name": "db" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.7"] }],
    ports: [{ name: "sql", port: 5432 }],
  })
  const { path, decode } = endpointSliceResource
  const slices = (await client.list(path)).map((each) =>
    decode(each, { namespace: "", name: "" }, () => undefined),
  )
  expect(slices).toContainEqual(expect.objectContaining({ service: "db", addresses: ["192.0.2.7"] }))
})

test("kubectl talks to it", async () => {
  const { status, stdout } = await server.kubectl(
    ["apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "applied" } }),
  )
  expect([status, stdout]).toEqual([0, "namespace/applied created\n"])
})

test("nothing is left of it when its test is killed", async () => {
  const directory = mkdtempSync(join(tmpdir(), "postern-killed-"))
  const program = `
    const { startApiServer } = await import(${JSON.stringify(join(import.meta.dirname, "../api-server/api-server.ts"))})
    await startApiServer()
    console.log("up")
    setInterval(() => {}, 1000)
  `
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ["ignore", "pipe", "inherit"],
  })
  await new Promise<void>((resolve) => void child.stdout.once("data", () => resolve()))
  expect(processesOf(directory)).toHaveLength(2)
  child.kill("SIGKILL")
  expect(await eventually(() => processesOf(directory).length === 0)).toBe(true)
  rmSync(directory, { recursive: true })
})

/** Processes whose command line names a directory. */
function processesOf(directory: string): readonly string[] {
  return readdirSync("/proc").filter((each) => {
    if (!/^[0-9]+$/.test(each)) return false
    try {
      return readFileSync(`/proc/${each}/cmdline`, "utf8").includes(`${directory}/postern-api-server-`)
    } catch {
      return false
    }
  })
}
