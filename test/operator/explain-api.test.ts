// The explain API as users of kubectl and postern meet it: behind a real API server, which says who they are.

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fieldOf, listIn, recordIn } from "../../src/api/conforms.ts"
import { networkPolicy, node, pod, service, snapshot } from "../snapshots.ts"
import { API, type ExplainStage, type Ran, setExplainStage, type Who } from "./explain-stage.ts"
import { eventually, must } from "./status-stage.ts"

let stage: ExplainStage

const RESOURCES = ["api-resources", "--api-group=explain.postern.dev", "-o", "name"] as const
const DRY_RUN = ["apply", "--dry-run=server", "-f", "-"] as const

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
  stage = await setExplainStage(cluster)
})

afterAll(async () => {
  await stage?.stop()
})

test("the API server finds the API, and what it says of itself", async () => {
  const all = "connectivity.explain.postern.dev explanations.explain.postern.dev reports.explain.postern.dev"
  const known = await eventually(
    async () => (await must(stage.server, RESOURCES)).split("\n").sort().join(" ").trim(),
    (found) => found === all,
    "its resources are known",
  )
  expect(known).toBe(all)
  await eventually(
    () => get("admin", "/openapi/v3/apis/explain.postern.dev/v1alpha1"),
    ({ output }) => output.includes("explanations"),
    "its OpenAPI document is there",
  )
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
    const { status, errors: stderr } = await get("admin", `${API}/${path}`)
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
      const { errors: stderr } = await get(
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
    const { errors: stderr } = await get(
      "tenant",
      `${API}/namespaces/shop/explanations?from=client&to=10.96.0.77&port=1`,
    )
    expect(stderr).toContain("PNP0709")
    expect(stderr).not.toMatch(/bank|vault|8443/)
  })

  test("is refused what it has no role for", async () => {
    const { errors: stderr } = await get("tenant", `${API}/explanations?from=shop/client&to=shop/web&port=80`)
    expect(stderr).toMatch(/^Error from server \(Forbidden\)/)
  })

  test("sees the connectivity of its namespace, and of others only that there is some", async () => {
    const { answer } = await asked("tenant", "namespaces/shop/connectivity")
    const lines = listIn(answer, "lines")
    expect(lines).toContainEqual({ src: "shop/web[Pod]", dst: "shop/client[Pod]", conn: "All Connections" })
    expect(JSON.stringify(lines)).not.toMatch(/bank/)
    expect(fieldOf(answer, "hidden")).toBeGreaterThan(0)
    expect((await get("tenant", `${API}/namespaces/bank/connectivity`)).errors).toContain("Forbidden")
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
  const { errors: stderr } = await get(
    "nobody",
    `${API}/namespaces/shop/explanations?from=client&to=web&port=80`,
  )
  expect(stderr).toMatch(/^Error from server \(Forbidden\)/)
})

test("nothing can be written", async () => {
  const written = await stage.kubectl("admin", ["create", "--raw", `${API}/explanations`, "-f", "-"], "{}")
  expect(written.errors).toMatch(/MethodNotAllowed|read only/)
})

describe("a report", () => {
  let key = ""

  test("is found by its key in a replica that has not made it", async () => {
    const policy = networkPolicy("closed", { podSelector: {}, ingress: [] })
    const { errors: warnings } = await stage.kubectl("admin", DRY_RUN, JSON.stringify(policy))
    ;[, key = ""] = /postern report ([a-z0-9]+)/.exec(warnings) ?? []
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
    const { errors: stderr } = await get("admin", `${API}/reports/0000000000`)
    expect(stderr).toMatch(/^Error from server \(NotFound\): there is no report .*PNP0706/)
  })
})

describe("postern", () => {
  const question = ["explain", "--from", "shop/client", "--to", "shop/web", "--port", "80"]

  test("explain asks the API, also for a tenant who may list nothing else", async () => {
    for (const who of ["admin", "tenant"] as const) {
      const { status, output, errors } = await stage.postern(who, ...question)
      expect({ status, errors }).toEqual({ status: 0, errors: "" })
      expect(output).toContain("✗ DENIED  shop/client → shop/web  80/TCP")
      expect(output).toContain("has app=Client, wanted app=client")
    }
  })

  test("explain in JSON is what it is of files", async () => {
    const { output } = await stage.postern("admin", ...question, "-o", "json")
    expect(JSON.parse(output)).toMatchObject({ from: "shop/client", verdict: "Deny", cases: [] })
  })

  test("explain without a port is everything that may flow", async () => {
    const { output } = await stage.postern("tenant", "explain", "--from", "10.0.1.3", "--to", "shop/client")
    expect(output).toMatch(/TCP +every port/)
    expect(output).not.toMatch(/bank|vault/)
  })

  test("explain meets an expectation, or does not", async () => {
    expect(await stage.postern("tenant", ...question, "--expect", "deny")).toMatchObject({ status: 0 })
    expect(await stage.postern("tenant", ...question, "--expect", "allow")).toMatchObject({ status: 1 })
  })

  test("explain tells a mistake as one of the question", async () => {
    const { status, errors } = await stage.postern(
      "tenant",
      "explain",
      "--from",
      "shop/client",
      "--to",
      "bank/vault",
    )
    expect(status).toBe(2)
    expect(errors).toMatch(/^error PNP0701: "bank\/vault" cannot be looked up/)
  })

  test("explain reads the cluster with the user's rights where another mode is asked for", async () => {
    const { status, output, errors } = await stage.postern("admin", ...question, "--enforcement", "observe")
    expect({ status, errors }).toEqual({ status: 0, errors: "" })
    expect(output).toContain("it would be denied, but namespace shop is only observed")
  })

  test("explain says what nobody may do", async () => {
    const { status, errors } = await stage.postern("nobody", ...question)
    expect(status).toBe(3)
    expect(errors).toMatch(/^error PNP0708: you may not ask the explain API, nor read the cluster: /)
  })

  test("report prints what a dry-run has promised", async () => {
    const policy = networkPolicy("closed", { podSelector: {}, ingress: [] })
    const { errors: warnings } = await stage.kubectl("admin", DRY_RUN, JSON.stringify(policy))
    const [, key = ""] = /postern report ([a-z0-9]+)/.exec(warnings) ?? []
    const { status, output, errors } = await stage.postern("tenant", "report", key, "-n", "shop")
    expect({ status, errors }).toEqual({ status: 0, errors: "" })
    expect(output).toContain("NetworkPolicy shop/closed")
    expect(output).toMatch(/namespace/)
    expect(output).not.toContain("bank")
    expect(await stage.postern("admin", "report", "0000000000")).toMatchObject({ status: 2 })
  })
})

describe("straight to the port", () => {
  test.for<[string, Who | undefined, number]>([
    ["without a certificate", undefined, 401],
    ["with a certificate that is not the front proxy's", "admin", 401],
    ["with the front proxy's, for a user with rights", "proxy", 200],
  ])("headers are believed from the front proxy only: %s", async ([, who, expected]) => {
    const path = `${API}/namespaces/shop/explanations?from=client&to=web&port=80`
    expect(
      await stage.knock(path, who, { "x-remote-user": "admin", "x-remote-group": "system:masters" }),
    ).toBe(expected)
  })

  test("a user without rights is refused, whatever the API server has let pass", async () => {
    const path = `${API}/namespaces/shop/explanations?from=client&to=web&port=80`
    expect(await stage.knock(path, "proxy", { "x-remote-user": "nobody" })).toBe(403)
  })

  test("the front proxy without a user is nobody", async () => {
    expect(await stage.knock(API, "proxy", {})).toBe(401)
  })
})

describe("without the API", () => {
  beforeAll(async () => {
    await must(stage.server, ["delete", "apiservice", "v1alpha1.explain.postern.dev"])
    await eventually(
      () => get("admin", `${API}/reports/0000000000`),
      ({ errors }) => errors.includes("NotFound") && !errors.includes("PNP"),
      "the API server has forgotten the API",
    )
  })

  test("explain reads the cluster with the rights of its user, and says so", async () => {
    const words = ["explain", "--from", "shop/client", "--to", "shop/web", "--port", "80"]
    const { status, output, errors } = await stage.postern("admin", ...words)
    expect(errors).toMatch(/^note PNP0707: this cluster has no explain API: what you may list/)
    expect(status).toBe(0)
    expect(output).toContain("has app=Client, wanted app=client")
  })

  test("there are no reports", async () => {
    const { status, errors } = await stage.postern("admin", "report", "0000000000")
    expect(errors).toMatch(/^error PNP0708: this cluster has no explain API/)
    expect(status).toBe(3)
  })
})

async function get(who: Who, path: string): Promise<Ran> {
  return await stage.kubectl(who, ["get", "--raw", path])
}

async function raw(who: Who, path: string): Promise<string> {
  const { status, output, errors } = await get(who, path)
  if (status !== 0) throw new Error(errors)
  return output
}

async function asked(who: Who, path: string): Promise<Readonly<Record<string, unknown>>> {
  return recordIn({ answer: JSON.parse(await raw(who, `${API}/${path}`)) }, "answer")
}
