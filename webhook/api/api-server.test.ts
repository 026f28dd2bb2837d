// The server itself over TLS on loopback: client certificates, what changes while connections are open, other replicas.

import { Agent } from "undici"
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { fieldOf } from "../../src/api/conforms.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import type { KeyPair } from "../../src/controller/x509.ts"
import type { AccessReviews, ResourceAttributes, UserInfo } from "../../src/kubernetes/access-review.ts"
import { type Authority, createAuthority } from "../../test/api-server/certificates.ts"
import { createReplicaReports, serveReports } from "../replica-reports.ts"
import { createTlsListener, listenOn } from "../tls-listener.ts"
import { type ApiRequest, createExplainApi, type ExplainApi } from "./api-server.ts"
import type { FrontProxy } from "./front-proxy.ts"

let authority: Authority
let stranger: Authority
let serving: KeyPair
let api: ExplainApi
let port = 0
let agents: Agent[] = []
let asked: ApiRequest[] = []
let reviewed: { readonly user: UserInfo; readonly attributes: ResourceAttributes }[] = []
let allows = true

const BASE = "/apis/explain.postern.dev/v1alpha1"
const user = { "x-remote-user": "alice", "x-remote-group": "shop" }

beforeAll(async () => {
  authority = await createAuthority("front-proxy-ca")
  stranger = await createAuthority("another-ca")
  serving = await stranger.issue({ name: "webhook", names: ["postern-webhook", "127.0.0.1"] })
})

beforeEach(async () => {
  allows = true
  asked = []
  reviewed = []
  agents = []
  api = createExplainApi({
    certificate: serving,
    reviews: reviews(),
    resources: [
      {
        name: "explanations",
        isNamed: false,
        answer: async (request) => {
          asked.push(request)
          if (request.query.has("fault")) throw new Error("secret of the fault")
          return { ok: true, kind: "Explanation", answer: "yes" }
        },
      },
      {
        name: "reports",
        isNamed: true,
        answer: async () => ({ ok: true, kind: "ImpactReport", answer: "all" }),
      },
    ],
    onError: () => undefined,
  })
  api.setFrontProxy(proxyOf(authority))
  port = await api.listen("127.0.0.1", 0)
})

afterEach(async () => {
  await Promise.all(agents.map((each) => each.close()))
  await api.close()
})

function reviews(): AccessReviews {
  return {
    may: async (who, attributes) => {
      reviewed.push({ user: who, attributes })
      return allows
    },
    mayListPods: async () => true,
    namesFor: async () => () => true,
  }
}

function proxyOf({ certificate }: Authority): FrontProxy {
  return {
    authorities: certificate,
    allowedNames: ["front-proxy-client"],
    usernameHeaders: ["x-remote-user"],
    uidHeaders: [],
    groupHeaders: ["x-remote-group"],
    extraPrefixes: ["x-remote-extra-"],
  }
}

/** Its requests go over one connection while it lives. */
function clientOf(pair?: KeyPair): Agent {
  const identity = pair === undefined ? {} : { cert: pair.certificate, key: pair.key }
  const agent = new Agent({ connections: 1, connect: { ...identity, rejectUnauthorized: false } })
  agents.push(agent)
  return agent
}

async function get(agent: Agent, path: string, headers: Readonly<Record<string, string | string[]>> = user) {
  const answer = await agent.request({ origin: `https://127.0.0.1:${port}`, path, method: "GET", headers })
  const body: unknown = await answer.body.json()
  return { code: answer.statusCode, body, headers: answer.headers }
}

describe("only the front proxy is believed", () => {
  test.for<[string, () => Promise<KeyPair | undefined>, number]>([
    ["no certificate", async () => undefined, 401],
    ["a certificate of another authority", () => stranger.issue({ name: "front-proxy-client" }), 401],
    ["another name of the right authority", () => authority.issue({ name: "kubelet" }), 401],
    ["a server's certificate", () => authority.issue({ name: "front-proxy-client", names: ["x"] }), 401],
    ["the front proxy's", () => authority.issue({ name: "front-proxy-client" }), 200],
  ])("%s", async ([, issue, code]) => {
    const client = clientOf(await issue())
    expect((await get(client, `${BASE}/explanations`)).code).toBe(code)
    expect((await get(client, BASE)).code).toBe(code)
    expect(asked).toHaveLength(code === 200 ? 1 : 0)
  })
})

describe("the front proxy", () => {
  let client: Agent

  beforeEach(async () => {
    client = clientOf(await authority.issue({ name: "front-proxy-client" }))
  })

  test("asks for somebody, whose rights are looked up as the API server would", async () => {
    await get(client, `${BASE}/namespaces/shop/explanations?from=a`)
    await get(client, `${BASE}/namespaces/shop/reports/abcd`)
    expect(reviewed).toEqual([
      {
        user: { username: "alice", uid: "", groups: ["shop"], extra: {} },
        attributes: {
          verb: "list",
          group: "explain.postern.dev",
          resource: "explanations",
          namespace: "shop",
          name: "",
        },
      },
      {
        user: { username: "alice", uid: "", groups: ["shop"], extra: {} },
        attributes: {
          verb: "get",
          group: "explain.postern.dev",
          resource: "reports",
          namespace: "shop",
          name: "abcd",
        },
      },
    ])
    expect(asked.map(({ namespace, query }) => [namespace, query.get("from")])).toEqual([["shop", "a"]])
  })

  test("is told who may not", async () => {
    allows = false
    const { code, body } = await get(client, `${BASE}/explanations`)
    expect({ code, body }).toMatchObject({
      code: 403,
      body: {
        kind: "Status",
        reason: "Forbidden",
        message:
          'User "alice" cannot list resource "explanations" in API group "explain.postern.dev" at the cluster scope',
      },
    })
    expect(asked).toHaveLength(0)
  })

  test("is told nothing of a fault but that there is one", async () => {
    const { code, body } = await get(client, `${BASE}/explanations?fault=`)
    expect(code).toBe(500)
    expect(JSON.stringify(body)).not.toContain("secret")
  })

  test.for<[string, number, string]>([
    ["/", 404, "Status"],
    ["/healthz", 404, "Status"],
    ["/apis", 200, "APIGroupList"],
    ["/apis/explain.postern.dev", 200, "APIGroup"],
    [BASE, 200, "APIResourceList"],
    [`${BASE}/nothing`, 404, "Status"],
    [`${BASE}/reports`, 404, "Status"],
  ])("%s", async ([path, code, kind]) => {
    const answer = await get(client, path)
    expect([answer.code, fieldOf(answer.body, "kind")]).toEqual([code, kind])
  })

  test.for<[string, string, number]>([
    ["is longer than any name", `${BASE}/reports/${"a".repeat(400)}`, 414],
    ["cannot be decoded", `${BASE}/reports/%zz`, 400],
  ])("is refused a path that %s", async ([, path, code]) => {
    expect((await get(client, path)).code).toBe(code)
    expect(reviewed).toHaveLength(0)
  })

  test("is told that there is no aggregated discovery", async () => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    expect((await get(client, "/apis", { ...user, accept })).code).toBe(406)
  })

  test("loses what it was believed with the authority, over connections that are open too", async () => {
    expect((await get(client, `${BASE}/explanations`)).code).toBe(200)
    api.setFrontProxy(proxyOf(stranger))
    const again = await get(
      clientOf(await authority.issue({ name: "front-proxy-client" })),
      `${BASE}/explanations`,
    )
    expect(again.code).toBe(401)
    // Either way: over the connection that is open, or over another one.
    expect([401, 503]).toContain((await get(client, `${BASE}/explanations`)).code)
    expect((await get(client, `${BASE}/explanations`)).code).toBe(401)
    api.setFrontProxy(undefined)
    const changed = clientOf(await stranger.issue({ name: "front-proxy-client" }))
    expect((await get(changed, `${BASE}/explanations`)).code).toBe(401)
  })

  test("is believed again by a new connection when its authority becomes known late", async () => {
    api.setFrontProxy(undefined)
    const late = clientOf(await authority.issue({ name: "front-proxy-client" }))
    expect((await get(late, `${BASE}/explanations`)).code).toBe(401)
    api.setFrontProxy(proxyOf(authority))
    const first = await get(late, `${BASE}/explanations`).catch(() => ({ code: 503 }))
    expect([200, 503]).toContain(first.code)
    expect((await get(late, `${BASE}/explanations`)).code).toBe(200)
  })

  test("goes on when the serving certificate is renewed", async () => {
    expect((await get(client, `${BASE}/explanations`)).code).toBe(200)
    api.setCertificate(await stranger.issue({ name: "webhook", names: ["127.0.0.1"] }))
    expect((await get(client, `${BASE}/explanations`)).code).toBe(200)
    const other = clientOf(await authority.issue({ name: "front-proxy-client" }))
    expect((await get(other, `${BASE}/explanations`)).code).toBe(200)
  })
})

describe("reports of another replica", () => {
  const report: Pick<ImpactReport, "key"> = { key: "abcd" }

  async function replica(key: string) {
    const app = createTlsListener({ certificate: serving, bodyLimit: 1_024 })
    const replicas = createReplicaReports({ serverName: "postern-webhook" })
    replicas.setMaterial(key, stranger.certificate)
    const local = (wanted: string): ImpactReport | undefined =>
      wanted === report.key ? JSON.parse(JSON.stringify(report)) : undefined
    serveReports(app, { local }, replicas)
    const address = `127.0.0.1:${await listenOn(app, "127.0.0.1", 0)}`
    return { app, replicas, address }
  }

  test.for<[string, string, string, unknown]>([
    ["is found by one that has the same key", "key", "abcd", report],
    ["is not told to one with another key", "another", "abcd", undefined],
    ["is not found where there is none", "key", "efgh", undefined],
  ])("%s", async ([, key, wanted, expected]) => {
    const other = await replica("key")
    const asking = createReplicaReports({ serverName: "postern-webhook" })
    try {
      asking.setMaterial(key, stranger.certificate)
      // One of the others is gone.
      asking.setPeers(["127.0.0.1:1", other.address])
      expect(await asking.find(wanted)).toEqual(expected)
    } finally {
      await asking.close()
      await other.replicas.close()
      await other.app.close()
    }
  })

  test("is not asked of a server that another authority vouches for", async () => {
    const other = await replica("key")
    const asking = createReplicaReports({ serverName: "postern-webhook" })
    try {
      asking.setMaterial("key", authority.certificate)
      asking.setPeers([other.address])
      expect(await asking.find("abcd")).toBeUndefined()
    } finally {
      await asking.close()
      await other.replicas.close()
      await other.app.close()
    }
  })
})
