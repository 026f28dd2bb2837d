// The webhook's permissions in the chart against what it asks for with them, by the API server's own audit log, and
// those of the people who ask it. It is served as the chart's Service says, so that the API server calls it.

import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { NAMESPACE } from "../../scripts/deploy-manifests.ts"
import { listIn, recordIn } from "../../src/api/conforms.ts"
import { API_RESOURCE_LIST, GROUP } from "../../webhook/api/discovery.ts"
import { freePort } from "../api-server/daemon.ts"
import { at, texts } from "../manifest.ts"
import { type AuditedServer, mistakesOf, startAuditedServer } from "./audited.ts"
import { endpointsOf } from "./endpoints.ts"
import { ownAddress } from "./own-address.ts"
import { eventually, must } from "./status-stage.ts"
import { beginWebhook, type RunningWebhook } from "./webhook-stage.ts"

const ACCOUNT = "postern-webhook"
const manifests = join(fileURLToPath(new URL("../..", import.meta.url)), "deploy/postern.yaml")
const API = `/apis/${API_RESOURCE_LIST.groupVersion}`
const CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/postern"
const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.explain.postern.dev"
/** Endpoints of a Service are no loopback addresses. */
const HOST = ownAddress()

const policy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "closed", namespace: "shop" },
  spec: { podSelector: {} },
}
const preview = {
  apiVersion: "postern.dev/v1alpha1",
  kind: "PolicyPreview",
  metadata: { name: "closed", namespace: "shop" },
  spec: { operation: "Apply", object: policy },
}

let audited: AuditedServer
let viewer: string
const running: RunningWebhook[] = []

beforeAll(async () => {
  audited = await startAuditedServer()
  const { server } = audited
  await must(server, ["apply", "-f", manifests])
  await must(server, ["wait", "--for=condition=Established", "--timeout=120s", "crd", "--all"])
  await must(server, ["create", "namespace", "shop"])
  const spec = { nodeName: "node1", containers: [{ name: "web", image: "web" }] }
  await server.client.create("/api/v1/namespaces/shop/pods", { metadata: { name: "web" }, spec })
  viewer = await server.addUser({ name: "viewer" })
  // Of which ClusterRole view is made, by the controller manager.
  for (const role of ["postern-explain", "system:aggregate-to-view"])
    await must(server, ["create", "clusterrolebinding", role, `--clusterrole=${role}`, "--user=viewer"])
  const ports = { first: await freePort(), second: await freePort(), api: await freePort() }
  const service = { namespace: NAMESPACE, name: ACCOUNT }
  const replicas = [
    { address: HOST, ports: { admission: ports.first, api: ports.api } },
    { address: HOST, ports: { admission: ports.second } },
  ]
  await apply(endpointsOf(service, replicas))
  const begin = (identity: string, port: number, apiPort?: number) =>
    beginWebhook(server, {
      identity,
      listen: { host: HOST, port },
      ...(apiPort === undefined ? {} : { listenApi: { host: HOST, port: apiPort } }),
    })
  running.push(await begin("first", ports.first, ports.api))
  running.push(await begin("second", ports.second))
})

afterAll(async () => {
  for (const each of running) await each.stop()
  await audited?.stop()
})

test("it answers reviews, previews and questions with the chart's rights, by the chart's Service", async () => {
  const warned = await eventually(
    () => audited.server.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(policy)),
    ({ stderr }) => stderr.includes("postern report"),
    "a dry-run is answered with warnings",
  )
  const [, key = ""] = /postern report ([a-z0-9]+)/.exec(warned.stderr) ?? []
  await apply([preview])
  await must(audited.server, [
    "wait",
    "--for=condition=Ready",
    "--timeout=60s",
    "ppreview/closed",
    "-n",
    "shop",
  ])
  // Whichever replica was asked for the review, the first serves the API.
  const report = await eventually(
    () => asked(`reports/${key}`),
    ({ status }) => status === 0,
    "the report is found",
  )
  expect(report.stdout).toContain('"ImpactReport"')
})

test("assertions are looked at where they are made, and where they say something new", async () => {
  const assertion = (port: string): string =>
    JSON.stringify({
      apiVersion: "postern.dev/v1alpha1",
      kind: "ConnectivityAssertion",
      metadata: { name: "held", namespace: "shop" },
      spec: { from: "web", to: "203.0.113.1", ports: [port], expect: "Allow" },
    })
  const apply = (port: string) => audited.server.kubectl(["apply", "-f", "-"], assertion(port))
  const refused = {
    status: 1,
    stderr: expect.stringContaining('webhook "assertions.postern.dev" denied the'),
  }
  expect(await apply("80/TPC")).toMatchObject(refused)
  expect(await apply("80/TCP")).toMatchObject({ status: 0, stderr: "" })
  expect(await apply("80/TPC")).toMatchObject(refused)
  await must(audited.server, ["label", "connectivityassertion", "held", "-n", "shop", "team=shop"])
  await must(audited.server, ["delete", "connectivityassertion", "held", "-n", "shop"])
})

test("who may view a cluster may ask all that there is, and nothing else", async () => {
  const offered = API_RESOURCE_LIST.resources.flatMap(({ name, verbs }) =>
    verbs.map((verb) => `${verb} ${name}`),
  )
  const role = await audited.server.client.get(
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/postern-explain",
  )
  const granted = listIn(role, "rules").flatMap((rule) =>
    listIn(rule, "resources").flatMap((name) => listIn(rule, "verbs").map((verb) => [verb, name].join(" "))),
  )
  expect(granted.toSorted()).toEqual(offered.toSorted())
  expect(listIn(role, "rules").map((rule) => at(rule, "apiGroups"))).toEqual(
    listIn(role, "rules").map(() => [GROUP]),
  )
  expect(at(role, "metadata.labels")).toMatchObject({ "rbac.authorization.k8s.io/aggregate-to-view": "true" })
  const answered = await eventually(
    () => asked("connectivity"),
    ({ status }) => status === 0,
    "the connectivity is told",
  )
  expect(answered.stdout).toContain('"Connectivity"')
  expect((await asked("explanations?from=203.0.113.1&to=203.0.113.2")).stdout).toContain('"Allowance"')
})

/** Of reviews of policies and of assertions, and of the APIService. */
const AUTHORITIES = 3

test("whatever takes the authority out of the two objects, it comes back", async () => {
  const { client } = audited.server
  const held = async () => {
    const hooks = texts(at(await client.get(CONFIGURATION), "webhooks"), "clientConfig.caBundle")
    return [...hooks, ...texts([await client.get(API_SERVICE)], "spec.caBundle")]
  }
  const before = await eventually(held, (now) => now.length === AUTHORITIES, "both have it")
  const removal = (path: string) => [{ op: "remove", path }]
  await client.patch(
    CONFIGURATION,
    removal("/webhooks/0/clientConfig/caBundle"),
    "application/json-patch+json",
  )
  await client.patch(API_SERVICE, removal("/spec/caBundle"), "application/json-patch+json")
  expect(await eventually(held, (now) => now.length === AUTHORITIES, "it is back")).toEqual(before)
})

test("a certificate that cannot be used is replaced", async () => {
  const secret = `/api/v1/namespaces/${NAMESPACE}/secrets/postern-webhook-tls`
  const { client } = audited.server
  const served = async () => recordIn(await client.get(secret), "data")["tls.crt"]
  const broken = Buffer.from("none").toString("base64")
  await client.patch(secret, { data: { "tls.crt": broken } }, "application/merge-patch+json")
  const renewed = await eventually(served, (now) => now !== broken, "another certificate is written")
  expect(Buffer.from(String(renewed), "base64").toString()).toContain("BEGIN CERTIFICATE")
})

test("it has every permission that it asks for, and asks for every one that it has", async () => {
  const renewed = () =>
    audited
      .requests(`system:serviceaccount:${NAMESPACE}:${ACCOUNT}`)
      .some(({ verb, resource }) => verb === "update" && resource.endsWith("/leases"))
  await eventually(renewed, (is) => is, "a lease is renewed")
  const borrowed = { name: "extension-apiserver-authentication-reader", namespace: "kube-system" }
  const mistakes = await mistakesOf(audited, { name: ACCOUNT, namespace: NAMESPACE, borrowed })
  expect(mistakes).toEqual({ rights: 33, refused: [], missing: [], unused: [] })
})

async function asked(path: string) {
  return await audited.server.kubectl(["--kubeconfig", viewer, "get", "--raw", `${API}/${path}`])
}

async function apply(items: readonly object[]): Promise<void> {
  await must(audited.server, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }))
}
