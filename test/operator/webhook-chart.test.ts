// The webhook in the chart: what is made of its values, and that what it writes by itself outlives an upgrade.

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { listIn } from "../../src/api/conforms.ts"
import { DEFAULT_FLAGS, readWebhookOptions } from "../../webhook/options.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { at, type Manifest, texts } from "../manifest.ts"
import { chart, type Helm, helmOn, only, quietly, rendered } from "./chart-stage.ts"

test("without the webhook there is nothing of it, and without the explain API no APIService", async () => {
  const named = (manifests: readonly Manifest[]): readonly string[] =>
    manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  const without = named(await rendered("--set", "webhook.enabled=false"))
  expect(without.filter((name) => /webhook|explain/i.test(name))).toEqual([])
  const quiet = named(await rendered("--set", "webhook.explainApi=false"))
  expect(quiet).toContain("ValidatingWebhookConfiguration postern")
  expect(quiet.filter((name) => name.startsWith("APIService"))).toEqual([])
})

test.for([3, 5, 30])(
  "with webhook.timeoutSeconds=%i a review is answered in time, with or without its analysis",
  async (timeoutSeconds) => {
    const manifests = await rendered("--set", `webhook.timeoutSeconds=${timeoutSeconds}`)
    const configuration = only(manifests, "ValidatingWebhookConfiguration", "postern")
    expect(at(configuration, "webhooks.0.timeoutSeconds")).toBe(timeoutSeconds)
    const container = at(only(manifests, "Deployment", "postern-webhook"), "spec.template.spec.containers.0")
    const flags = listIn(container, "args").map(String)
    const budget = flags.find((each) => each.startsWith("--budget="))?.slice("--budget=".length) ?? ""
    const read = readWebhookOptions({ ...DEFAULT_FLAGS, budget })
    expect(read).toMatchObject({ ok: true, options: { budgetMs: timeoutSeconds * 500 } })
  },
)

test("of the webhook, as of the controller, one replica goes at a time", async () => {
  const manifests = await rendered()
  for (const name of ["postern-controller", "postern-webhook"]) {
    const labels = at(only(manifests, "Deployment", name), "spec.selector.matchLabels")
    expect(at(only(manifests, "PodDisruptionBudget", name), "spec")).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: labels },
    })
  }
})

test.for<[string, string, Readonly<Record<string, string>>]>([
  [
    "policies are let in unseen, assertions are not",
    "webhook.workloads=false",
    { policies: "Ignore", assertions: "Fail" },
  ],
  [
    "who is called for changes of workloads is never what keeps them out",
    "webhook.workloads=true,webhook.failurePolicy=Fail",
    { policies: "Fail", assertions: "Fail", workloads: "Ignore" },
  ],
])("while no replica answers: %s", async ([, value, expected]) => {
  const configuration = only(await rendered("--set", value), "ValidatingWebhookConfiguration", "postern")
  const hooks = at(configuration, "webhooks")
  const policies = texts(hooks, "failurePolicy")
  expect(Object.fromEntries(texts(hooks, "name").map((name, i) => [name, policies[i]]))).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, policy]) => [`${name}.postern.dev`, policy])),
  )
})

describe("what the webhook has written", () => {
  let server: ApiServer
  let run: Helm

  beforeAll(async () => {
    server = await startApiServer()
    run = await helmOn(server)
  })
  afterAll(() => server?.stop())

  const kubectl = (...args: readonly string[]): Promise<string> => quietly(server, args)
  const configuration = "validatingwebhookconfiguration/postern"
  const apiService = "apiservice/v1alpha1.explain.postern.dev"
  const path = "/validate/0123456789abcdef"

  /** As webhook/ca-bundle.ts does. */
  const write = async (): Promise<void> => {
    const bundle = Buffer.from(server.certificateAuthority).toString("base64")
    const client = "/webhooks/0/clientConfig"
    const add = (...fields: readonly (readonly [string, string])[]): string =>
      JSON.stringify(fields.map(([field, value]) => ({ op: "add", path: field, value })))
    const both = add([`${client}/caBundle`, bundle], [`${client}/service/path`, path])
    await kubectl("patch", ...configuration.split("/"), "--type=json", "-p", both)
    await kubectl("patch", ...apiService.split("/"), "--type=json", "-p", add(["/spec/caBundle", bundle]))
  }
  const held = async (): Promise<readonly unknown[]> => {
    const read = async (name: string): Promise<unknown> =>
      JSON.parse(await kubectl("get", name, "-o", "json"))
    const [hook, service] = [at(await read(configuration), "webhooks.0"), await read(apiService)]
    const isSet = typeof at(hook, "clientConfig.caBundle") === "string"
    const found = [isSet, at(hook, "clientConfig.service.path"), at(hook, "timeoutSeconds")]
    return [...found, typeof at(service, "spec.caBundle") === "string"]
  }

  test("stays through helm upgrade, also where it changes the same objects", async () => {
    const release = ["postern", chart, "--namespace", "kube-system"]
    const notes = await run("install", ...release)
    expect(notes).toContain("rollout status deployment/postern-webhook")
    expect(notes).not.toContain("While no replica answers")
    expect(await held()).toEqual([false, undefined, 5, false])
    await write()
    const change = "webhook.timeoutSeconds=7,webhook.failurePolicy=Fail"
    expect(await run("upgrade", ...release, "--set", change)).toContain("While no replica answers")
    expect(await held()).toEqual([true, path, 7, true])
    await run("uninstall", "postern", "--namespace", "kube-system", "--no-hooks")
    expect(await kubectl("get", "validatingwebhookconfigurations", "-o", "name")).toBe("")
    const left = ["rolebindings", "-n", "kube-system", "-l", "app.kubernetes.io/name=postern"]
    expect(await kubectl("get", ...left, "-o", "name")).toBe("")
  })

  test("stays through kubectl apply, of the client and of the server", async () => {
    const manifests = (await rendered()).filter(({ kind }) => /Webhook|APIService/.test(kind))
    const list = (timeoutSeconds: number): string => {
      const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests })
      return text.replace('"timeoutSeconds":5', `"timeoutSeconds":${timeoutSeconds}`)
    }
    const apply = async (timeoutSeconds: number, ...flags: readonly string[]): Promise<void> => {
      await quietly(server, ["apply", ...flags, "-f", "-"], list(timeoutSeconds))
    }
    await apply(5)
    await write()
    await apply(7)
    expect(await held()).toEqual([true, path, 7, true])
    await apply(9, "--server-side", "--force-conflicts")
    expect(await held()).toEqual([true, path, 9, true])
  })
})
