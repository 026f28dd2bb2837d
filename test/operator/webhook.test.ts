// The webhook as a user of kubectl meets it: warnings and refusals that a real API server passes on.

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { recordIn } from "../../src/api/conforms.ts"
import { at } from "../manifest.ts"
import { eventually, must } from "./status-stage.ts"
import { DRY, denyAll, dns, policy, type Said, startTown, type Town } from "./webhook-town.ts"

let town: Town
const kubectl: Town["kubectl"] = (words, input) => town.kubectl(words, input)

beforeAll(async () => {
  town = await startTown()
})

afterAll(async () => {
  await town?.stop()
})

/** The webhook has heard of it. */
async function known(ask: () => Promise<Said>, holds: (said: Said) => boolean, what: string): Promise<Said> {
  return await eventually(ask, holds, what)
}

describe("warnings", () => {
  test("a default-deny lists what it cuts, DNS included, and leaves nothing behind", async () => {
    const { status, warnings, stdout } = await kubectl(DRY, denyAll)
    expect([status, stdout]).toEqual([
      0,
      "networkpolicy.networking.k8s.io/deny-all created (server dry run)\n",
    ])
    expect(warnings[0]).toMatch(/^3 pods become ingress-isolated, 3 egress-isolated; .* disappear/)
    expect(warnings.join("\n")).toMatch(/DNS/)
    expect(warnings.join("\n")).toContain("shop/db")
    expect(warnings.at(-1)).toMatch(/postern report [a-z2-7]{10}$/)
    expect(warnings.length).toBeLessThanOrEqual(20)
    for (const each of warnings) expect(Array.from(each).length).toBeLessThanOrEqual(120)
    expect((await kubectl(["get", "networkpolicies,policypreviews,events", "-A", "-o", "name"])).stdout).toBe(
      "",
    )
  })

  test("a real apply warns the same, and a deletion of what it opens again", async () => {
    const withoutKey = ({ warnings }: Said) => warnings.slice(0, -1)
    const dry = await kubectl(DRY, denyAll)
    const real = await kubectl(["apply", "-f", "-"], denyAll)
    expect(withoutKey(real)).toEqual(withoutKey(dry))
    const gone = await known(
      () => kubectl(["delete", "--dry-run=server", "networkpolicy", "deny-all", "-n", "shop"]),
      ({ warnings }) => warnings.length > 0,
      "the deletion is looked at",
    )
    expect(gone.warnings[0]).toMatch(
      /3 pods are no longer ingress-isolated, 3 egress-isolated; 0 connections disappear, /,
    )
    expect((await kubectl(["get", "networkpolicies", "-n", "shop", "-o", "name"])).stdout).toContain(
      "deny-all",
    )
    await kubectl(["delete", "networkpolicy", "deny-all", "-n", "shop"])
    await known(
      () => kubectl(DRY, denyAll),
      (again) => again.warnings[0] === dry.warnings[0],
      "it is gone",
    )
  })

  test("who may list pods of one namespace alone is told of no other one by name", async () => {
    const kubeconfig = await town.server.addUser({ name: "alice" })
    const grant = [
      [
        "create",
        "role",
        "alice",
        "-n",
        "shop",
        "--verb=*",
        "--resource=pods,networkpolicies.networking.k8s.io",
      ],
      ["create", "rolebinding", "alice", "-n", "shop", "--role=alice", "--user=alice"],
    ]
    for (const words of grant) await must(town.server, words)
    const { warnings } = await known(
      () => kubectl(["--kubeconfig", kubeconfig, ...DRY], denyAll),
      ({ status }) => status === 0,
      "the API server knows what she may",
    )
    expect(warnings.join("\n")).toContain("shop/db")
    expect(warnings.join("\n")).not.toMatch(/other\/|kube-system\//)
    expect(warnings.join("\n")).toMatch(/not named/)
  })

  test("a typo in a label is caught, and what was meant is named", async () => {
    const rule = (app: string) => ({ from: [{ podSelector: { matchLabels: { app } } }] })
    const typo = policy("db", { podSelector: { matchLabels: { app: "db" } }, ingress: [rule("Web")] })
    const { warnings } = await kubectl(DRY, typo)
    expect(warnings[0]).toMatch(/^1 pod becomes ingress-isolated; /)
    // In one line or two.
    expect(warnings.slice(1, 3).join(" ")).toMatch(
      /^spec\.ingress\[0\]\.from\[0\].*app=Web.*app=web.*\(PNP\d{4}\)/,
    )
    const right = policy("db", { podSelector: { matchLabels: { app: "db" } }, ingress: [rule("web")] })
    expect((await kubectl(DRY, right)).warnings.join("\n")).not.toContain("PNP")
  })

  test("what the annotation says to ignore is not warned of", async () => {
    const nobody = policy("nobody", { podSelector: { matchLabels: { app: "nobody" } } })
    const { warnings } = await kubectl(DRY, nobody)
    const [, code = ""] = /\((PNP\d{4})\)$/.exec(warnings[0] ?? "") ?? []
    const annotated = {
      ...nobody,
      metadata: { ...recordIn(nobody, "metadata"), annotations: { "postern.dev/ignore": code } },
    }
    expect((await kubectl(DRY, annotated)).warnings.join("\n")).not.toContain(code)
  })

  test("a label that would take a pod out of a policy", async () => {
    await must(
      town.server,
      ["apply", "-f", "-"],
      JSON.stringify(policy("web", { podSelector: { matchLabels: { app: "web" } } })),
    )
    const relabel = ["label", "--dry-run=server", "--overwrite", "pod", "web-1", "-n", "shop", "app=other"]
    const { warnings } = await known(
      () => kubectl(relabel),
      (said) => said.warnings.length > 0,
      "the label is looked at",
    )
    expect(warnings[0]).toMatch(/1 pod is no longer ingress-isolated/)
    await must(town.server, ["delete", "networkpolicy", "web", "-n", "shop"])
  })
})

describe("refusals", () => {
  const assertion = (admission: string): object => ({
    apiVersion: "postern.dev/v1alpha1",
    kind: "ConnectivityAssertion",
    metadata: { name: "web-to-db", namespace: "shop" },
    spec: { from: "shop/web-1", to: "shop/db", ports: ["5432/TCP"], expect: "Allow", admission },
  })

  test("an assertion of the namespace that would fail is a warning, or refuses, as it says", async () => {
    await must(town.server, ["apply", "-f", "-"], JSON.stringify(assertion("Warn")))
    const warned = await known(
      () => kubectl(DRY, denyAll),
      ({ warnings }) => warnings.some((each) => each.includes("ConnectivityAssertion")),
      "the assertion is known",
    )
    expect(warned.status).toBe(0)
    expect(warned.warnings.join("\n")).toContain("shop/web-to-db: shop/web-1 → shop/db 5432/TCP is denied")
    await must(town.server, ["apply", "-f", "-"], JSON.stringify(assertion("Refuse")))
    const refused = await known(
      () => kubectl(DRY, denyAll),
      ({ status }) => status !== 0,
      "it refuses",
    )
    expect(refused.stderr).toContain(
      'admission webhook "networkpolicies.postern.dev" denied the request: ' +
        "ConnectivityAssertion shop/web-to-db holds now and would fail (spec.ports[0]) (PNP0501)",
    )
    expect(refused.warnings.join("\n")).toContain("5432/TCP is denied")
    await must(town.server, ["delete", "connectivityassertion", "web-to-db", "-n", "shop"])
    await known(
      () => kubectl(DRY, denyAll),
      ({ status }) => status === 0,
      "it is gone",
    )
  })
})

describe("assertions of somebody who may list pods of one namespace alone", () => {
  const held = { ports: ["5432/TCP"], expect: "Allow", admission: "Refuse" }
  const asserted = (name: string, spec: object): object => ({
    apiVersion: "postern.dev/v1alpha1",
    kind: "ConnectivityAssertion",
    metadata: { name, namespace: "shop" },
    spec: { ...held, ...spec },
  })
  let bob: readonly string[]

  beforeAll(async () => {
    bob = ["--kubeconfig", await town.server.addUser({ name: "bob" })]
    const resources = "pods,networkpolicies.networking.k8s.io,connectivityassertions.postern.dev"
    const role = ["create", "role", "bob", "-n", "shop", "--verb=*", `--resource=${resources}`]
    await must(town.server, role)
    await must(town.server, ["create", "rolebinding", "bob", "-n", "shop", "--role=bob", "--user=bob"])
  })

  test("about their own namespace are let in, and can be deleted", async () => {
    const own = asserted("own", { from: "shop/web-1", to: "db" })
    const applied = await kubectl([...bob, "apply", "-f", "-"], own)
    expect([applied.status, applied.stderr]).toEqual([0, ""])
    const gone = await kubectl([...bob, "delete", "connectivityassertion", "own", "-n", "shop"])
    expect([gone.status, gone.stderr]).toEqual([0, ""])
  })

  test.for<[string, string]>([
    ["a pod that is there", "other/client"],
    ["a pod that is not there", "other/none"],
    ["a namespace that is not there", "nowhere/client"],
  ])("about %s in another namespace are refused, in the same words", async ([, from]) => {
    const { status, stderr } = await kubectl([...bob, ...DRY], asserted("peep", { from, to: "shop/db" }))
    expect(status).toBe(1)
    const [namespace = ""] = from.split("/")
    expect(stderr).toContain(
      'admission webhook "assertions.postern.dev" denied the request: ' +
        `spec.from: "${from}" cannot be asserted: you may not list pods in namespace "${namespace}" (PNP0502)`,
    )
  })

  test("which somebody wrote who may, they may label and not rewrite", async () => {
    const spec = { from: "other/client", to: "shop/db" }
    await must(town.server, ["apply", "-f", "-"], JSON.stringify(asserted("theirs", spec)))
    const label = ["label", "connectivityassertion", "theirs", "-n", "shop", "team=shop"]
    expect((await kubectl([...bob, ...label])).stderr).toBe("")
    const rewritten = await kubectl(
      [...bob, "apply", "-f", "-"],
      asserted("theirs", { ...spec, ports: ["1/TCP"] }),
    )
    expect(rewritten.stderr).toContain("(PNP0502)")
    await must(town.server, ["delete", "connectivityassertion", "theirs", "-n", "shop"])
  })
})

test("what would cut everybody off DNS is refused, unless an annotation says that it is meant", async () => {
  const deny = policy("deny", { podSelector: { matchLabels: dns } }, "kube-system")
  const { status, stderr } = await kubectl(DRY, deny)
  expect(status).toBe(1)
  expect(stderr).toContain("Error from server (Forbidden)")
  expect(stderr).toMatch(
    /denied the request: .*port 53.*\(PNP0471\)\n {2}.*annotation postern\.dev\/allow-lockout/,
  )
  const metadata = { ...recordIn(deny, "metadata"), annotations: { "postern.dev/allow-lockout": "true" } }
  const meant = await kubectl(DRY, { ...deny, metadata })
  expect(meant.status).toBe(0)
  expect(meant.warnings.join("\n")).toMatch(/PNP0471/)
})

describe("PolicyPreview", () => {
  const preview = (name: string, spec: object, namespace = "shop"): object => ({
    apiVersion: "postern.dev/v1alpha1",
    kind: "PolicyPreview",
    metadata: { name, namespace },
    spec,
  })

  async function answered(object: object, name: string): Promise<unknown> {
    await must(town.server, ["create", "-f", "-"], JSON.stringify(object))
    const path = `/apis/postern.dev/v1alpha1/namespaces/shop/policypreviews/${name}`
    const told = await eventually(
      () => town.server.client.get(path),
      (each) => at(each, "status.observedGeneration") === at(each, "metadata.generation"),
      "the preview is answered",
    )
    return at(told, "status")
  }

  test("what a policy would do, as a status, without the names of other namespaces", async () => {
    const status = await answered(preview("deny", { operation: "Apply", object: denyAll }), "deny")
    expect(at(status, "summary")).toMatch(/^3 pods become ingress-isolated/)
    expect(at(status, "report.isolated.ingress.pods")).toBe(3)
    expect(at(status, "conditions.0")).toMatchObject({ type: "Ready", status: "True", reason: "Analysed" })
    expect(JSON.stringify(status)).not.toMatch(/kube-system|"other"/)
    expect((await kubectl(["get", "networkpolicies", "-A", "-o", "name"])).stdout).toBe("")
    await must(town.server, ["wait", "--for=condition=Ready", "--timeout=60s", "ppreview/deny", "-n", "shop"])
  })

  test.for<[string, object, string, string]>([
    [
      "a deletion of what there is not",
      { operation: "Delete", reference: { kind: "NetworkPolicy", name: "none" } },
      "NotFound",
      "there is no NetworkPolicy shop/none",
    ],
    [
      "a policy of another namespace",
      { operation: "Apply", object: policy("x", { podSelector: {} }, "other") },
      "Invalid",
      "not of this PolicyPreview's namespace",
    ],
    [
      "an object that is no policy",
      { operation: "Apply", object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } } },
      "Invalid",
      "no policy: networking.k8s.io/v1 NetworkPolicy",
    ],
    [
      "a policy with mistakes",
      { operation: "Apply", object: policy("x", { podSelector: {}, ingress: "all" }) },
      "Invalid",
      "spec.ingress",
    ],
  ])("%s is said to be none", async ([, spec, reason, message]) => {
    const name = `p${Math.random().toString(36).slice(2)}`
    const status = await answered(preview(name, spec), name)
    expect(at(status, "conditions.0")).toMatchObject({
      status: "False",
      reason,
      message: expect.stringContaining(message),
    })
  })
})
