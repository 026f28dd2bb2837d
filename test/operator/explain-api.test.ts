// The explain API as users of kubectl meet it: behind a real API server, which says who they are and what they may.

import { readFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { Agent } from "undici"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fieldOf, listIn, recordIn } from "../../src/api/conforms.ts"
import type { CommandResult } from "../../src/lab/command.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { freePort } from "../api-server/daemon.ts"
import { networkPolicy, node, pod, service, snapshot } from "../snapshots.ts"
import { createCluster, createPod, setPolicy, tellAddresses } from "./api-objects.ts"
import { eventually, installCrds, must } from "./status-stage.ts"
import { NAMESPACE, type RunningWebhook, setStage, type WebhookStage } from "./webhook-stage.ts"

let server: ApiServer
let stage: WebhookStage
let running: readonly RunningWebhook[] = []
let apiPort = 0
let kubeconfigs: Readonly<Record<Who, string>>

const API = "/apis/explain.postern.dev/v1alpha1"
/** Endpoints of a Service are no loopback addresses. */
const HOST = ownAddress()

const tcp = (port: number, name = "") => ({ name, protocol: "TCP", port }) as const
const cluster = snapshot({
  namespaces: { shop: {}, bank: {} },
  nodes: [node("node-a", { podCIDRs: ["10.0.1.0/24"], addresses: ["198.51.100.1"] })],
  services: [
    service("vault", {
      namespace: "bank",
      selector: { app: "vault" },
      clusterIPs: ["10.96.0.77"],
      ports: [{ name: "", protocol: "TCP", port: 443, targetPort: 8443 }],
    }),
  ],
  pods: [
    pod("web", { labels: { app: "web" }, addresses: ["10.0.1.1"], ports: [tcp(80, "http")] }),
    pod("client", { labels: { app: "Client" }, addresses: ["10.0.1.2"] }),
    pod("vault", {
      namespace: "bank",
      labels: { app: "vault" },
      addresses: ["10.0.1.3"],
      ports: [tcp(8443)],
    }),
  ],
  policies: [
    networkPolicy("web", {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: "client" } } }], ports: [{ port: 80 }] }],
    }),
    networkPolicy("secret-rule", { podSelector: { matchLabels: { app: "vault" } } }, "bank"),
  ],
})

beforeAll(async () => {
  server = await startApiServer()
  await installCrds(server)
  stage = await setStage(server)
  await createCluster(server.client, cluster)
  for (const each of cluster.pods) {
    await createPod(server.client, each)
    await tellAddresses(server.client, each)
  }
  for (const policy of cluster.policies) await setPolicy(server.client, policy)
  apiPort = await freePort()
  const otherPort = await freePort()
  await apply([...tenancy(), ...serving(otherPort)])
  kubeconfigs = {
    admin: server.kubeconfig,
    tenant: await server.addUser({ name: "tenant" }),
    nobody: await server.addUser({ name: "nobody" }),
    proxy: await server.addUser({ name: "front-proxy-client" }),
  }
  // The API server sends reviews to the one that does not serve the API.
  running = [
    await stage.begin({ listen: { host: HOST, port: otherPort }, listenApi: { host: HOST, port: apiPort } }),
    await stage.begin({ listen: { host: "0.0.0.0", port: stage.port } }),
  ]
  await eventually(availability, (message) => message === "", "the API is available")
}, 300_000)

afterAll(async () => {
  for (const each of running) await each.stop()
  await server?.stop()
}, 60_000)

test("the API server finds the API, and does not complain of it", async () => {
  const resources = await must(server, ["api-resources", "--api-group=explain.postern.dev", "-o", "name"])
  expect(resources.split("\n").sort().join(" ").trim()).toBe(
    "connectivity.explain.postern.dev explanations.explain.postern.dev reports.explain.postern.dev",
  )
  const document = await raw("admin", "/openapi/v3/apis/explain.postern.dev/v1alpha1")
  expect(document).toContain("explanations")
})

describe("an explanation", () => {
  test("names the rule and the near miss, to whoever may see all", async () => {
    const { kind, apiVersion, answer } = await asked(
      "admin",
      "namespaces/shop/explanations?from=client&to=web&port=80",
    )
    expect({ kind, apiVersion, answer }).toMatchObject({
      kind: "Explanation",
      apiVersion: "explain.postern.dev/v1alpha1",
      answer: {
        verdict: "Deny",
        ingress: { verdict: "Deny", isolatedBy: [{ name: "web" }], decidedBy: null },
      },
    })
    expect(JSON.stringify(answer)).toContain("has app=Client, wanted app=client")
  })

  test("is of the namespace of the query where the path has none", async () => {
    const { answer } = await asked("admin", "explanations?from=client&to=bank/vault&port=8443&namespace=shop")
    expect(answer).toMatchObject({ verdict: "Deny", ingress: { isolatedBy: [{ name: "secret-rule" }] } })
  })

  test("without a port is everything that may flow", async () => {
    const { kind, answer } = await asked("admin", "explanations?from=203.0.113.9&to=shop/client")
    expect({ kind, answer }).toMatchObject({
      kind: "Allowance",
      answer: { allowed: { TCP: [{ from: 0, to: 65535 }], other: true } },
    })
  })

  test("of a Service leads to the target port of its pods", async () => {
    const { answer } = await asked("admin", "explanations?from=shop/client&to=bank/svc/vault&port=443")
    expect(answer).toMatchObject({ cases: [{ to: "bank/vault", port: "8443/TCP", service: "bank/vault" }] })
  })

  test.for<[string, string]>([
    ["a name that is mistyped", "explanations?from=shop/cleint&to=shop/web&port=80"],
    ["no destination", "explanations?from=shop/client"],
    ["a parameter that there is not", "explanations?from=shop/client&to=shop/web&ports=80"],
    ["a parameter twice", "explanations?from=shop/client&from=shop/web&to=shop/web"],
    ["another namespace than that of the path", "namespaces/shop/explanations?from=a&to=b&namespace=bank"],
  ])("is refused with all that is wrong: %s", async ([, path]) => {
    const { status, stderr } = await get("admin", `${API}/${path}`)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/^Error from server \(BadRequest\): .*PNP\d{4}/)
  })
})

describe("a tenant", () => {
  test("asks about its own namespace", async () => {
    const { answer } = await asked("tenant", "namespaces/shop/explanations?from=client&to=web&port=80")
    expect(answer).toMatchObject({ verdict: "Deny", cases: [{ from: "shop/client", to: "shop/web" }] })
  })

  test.for<[string, string, string]>([
    ["what is there", "bank/vault", "PNP0701"],
    ["what is not", "bank/nothing", "PNP0701"],
    ["a Service", "bank/svc/vault", "PNP0701"],
    ["a node", "node/node-a", "PNP0702"],
  ])(
    "is refused the name of another namespace's, alike for what is there and what is not: %s",
    async ([, to, code]) => {
      const { stderr } = await get(
        "tenant",
        `${API}/namespaces/shop/explanations?from=client&to=${to}&port=443`,
      )
      expect(stderr).toMatch(/^Error from server \(Forbidden\)/)
      expect(stderr).toContain(code)
    },
  )

  test.for<[string, string, string]>([
    ["a pod", "10.0.1.3", "8443"],
    ["a Service", "10.96.0.77", "443"],
  ])("asks for an address, and is told the verdict but no name: %s", async ([, address, port]) => {
    const { answer } = await asked(
      "tenant",
      `namespaces/shop/explanations?from=client&to=${address}&port=${port}`,
    )
    expect(answer).toMatchObject({ verdict: "Deny", ingress: { verdict: "Deny", isolatedBy: [] } })
    expect(JSON.stringify(answer)).not.toMatch(/bank|vault|secret-rule/)
  })

  test("is not told what a mistake would tell", async () => {
    const { stderr } = await get(
      "tenant",
      `${API}/namespaces/shop/explanations?from=client&to=10.96.0.77&port=1`,
    )
    expect(stderr).toContain("PNP0709")
    expect(stderr).not.toMatch(/bank|vault|8443/)
  })

  test("is refused what it has no role for", async () => {
    const { stderr } = await get("tenant", `${API}/explanations?from=shop/client&to=shop/web&port=80`)
    expect(stderr).toMatch(/^Error from server \(Forbidden\)/)
  })

  test("sees the connectivity of its namespace, and of others only that there is some", async () => {
    const { answer } = await asked("tenant", "namespaces/shop/connectivity")
    const lines = listIn(answer, "lines")
    expect(lines).toContainEqual({ src: "shop/web[Pod]", dst: "shop/client[Pod]", conn: "All Connections" })
    expect(JSON.stringify(lines)).not.toMatch(/bank/)
    expect(fieldOf(answer, "hidden")).toBeGreaterThan(0)
    expect((await get("tenant", `${API}/namespaces/bank/connectivity`)).stderr).toContain("Forbidden")
  })
})

test("the connectivity of all namespaces is for whoever sees all", async () => {
  const { answer } = await asked("admin", "connectivity")
  expect(listIn(answer, "lines")).toContainEqual({
    src: "bank/vault[Pod]",
    dst: "shop/client[Pod]",
    conn: "All Connections",
  })
})

test("nobody in particular is refused", async () => {
  const { stderr } = await get("nobody", `${API}/namespaces/shop/explanations?from=client&to=web&port=80`)
  expect(stderr).toMatch(/^Error from server \(Forbidden\)/)
})

test("nothing can be written", async () => {
  const written = await server.kubectl(["create", "--raw", `${API}/explanations`, "-f", "-"], "{}")
  expect(written.stderr).toMatch(/MethodNotAllowed|read only/)
})

describe("a report", () => {
  let key = ""

  test("is found by its key in a replica that has not made it", async () => {
    const policy = networkPolicy("closed", { podSelector: {}, ingress: [] })
    const { stderr } = await server.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(policy))
    ;[, key = ""] = /postern report ([a-z0-9]+)/.exec(stderr) ?? []
    expect(key).not.toBe("")
    const { kind, answer } = await asked("admin", `reports/${key}`)
    expect({ kind, answer }).toMatchObject({
      kind: "ImpactReport",
      answer: {
        key,
        operation: "CREATE",
        subject: { kind: "NetworkPolicy", namespace: "shop", name: "closed" },
      },
    })
    expect(JSON.stringify(answer)).toContain("bank")
  })

  test("names to a tenant what it may see, and counts the rest", async () => {
    const { answer } = await asked("tenant", `namespaces/shop/reports/${key}`)
    expect(JSON.stringify(answer)).not.toContain("bank")
    expect(fieldOf(recordIn(answer, "hidden"), "namespaces")).toBeGreaterThan(0)
  })

  test("that nobody has is not found", async () => {
    const { stderr } = await get("admin", `${API}/reports/0000000000`)
    expect(stderr).toMatch(/^Error from server \(NotFound\): there is no report .*PNP0706/)
  })
})

describe("straight to the port", () => {
  test.for<[string, Who | undefined, number]>([
    ["without a certificate", undefined, 401],
    ["with a certificate that is not the front proxy's", "admin", 401],
    ["with the front proxy's, for a user with rights", "proxy", 200],
  ])("headers are believed from the front proxy only: %s", async ([, who, expected]) => {
    const path = `${API}/namespaces/shop/explanations?from=client&to=web&port=80`
    expect(await knock(path, who, { "x-remote-user": "admin", "x-remote-group": "system:masters" })).toBe(
      expected,
    )
  })

  test("a user without rights is refused, whatever the API server has let pass", async () => {
    const path = `${API}/namespaces/shop/explanations?from=client&to=web&port=80`
    expect(await knock(path, "proxy", { "x-remote-user": "nobody" })).toBe(403)
  })

  test("the front proxy without a user is nobody", async () => {
    expect(await knock(API, "proxy", {})).toBe(401)
  })
})

type Who = "admin" | "tenant" | "nobody" | "proxy"

async function get(who: Who, path: string): Promise<CommandResult> {
  return await server.kubectl(["--kubeconfig", kubeconfigs[who], "get", "--raw", path])
}

async function raw(who: Who, path: string): Promise<string> {
  const { status, stdout, stderr } = await get(who, path)
  if (status !== 0) throw new Error(stderr)
  return stdout
}

async function asked(who: Who, path: string): Promise<Readonly<Record<string, unknown>>> {
  return recordIn({ answer: JSON.parse(await raw(who, `${API}/${path}`)) }, "answer")
}

async function knock(
  path: string,
  who: Who | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const certificate = who === undefined ? {} : certificateIn(kubeconfigs[who])
  const agent = new Agent({ connect: { ...certificate, rejectUnauthorized: false } })
  try {
    const origin = `https://${HOST}:${apiPort}`
    const { statusCode, body } = await agent.request({ origin, path, method: "GET", headers })
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

async function apply(items: readonly object[]): Promise<void> {
  await must(server, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }))
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

function serving(otherPort: number): readonly object[] {
  const named = { name: "postern-webhook", namespace: NAMESPACE }
  const slice = (name: string, ports: readonly object[]): object => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": "postern-webhook" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [HOST], conditions: { ready: true } }],
    ports,
  })
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: named,
      spec: {
        ports: [
          { name: "admission", port: 10652 },
          { name: "api", port: 10653 },
        ],
      },
    },
    slice("first", [
      { name: "admission", port: otherPort },
      { name: "api", port: apiPort },
    ]),
    slice("second", [{ name: "admission", port: stage.port }]),
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

/** "" where it is, else why it is not. */
async function availability(): Promise<string> {
  const path = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.explain.postern.dev"
  const [condition] = listIn(recordIn(await server.client.get(path), "status"), "conditions")
  return fieldOf(condition, "status") === "True" ? "" : String(fieldOf(condition, "message"))
}

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const found = addresses.find(({ family, internal }) => family === "IPv4" && !internal)
  if (found === undefined) throw new Error("this machine has no address of its own but loopback")
  return found.address
}
