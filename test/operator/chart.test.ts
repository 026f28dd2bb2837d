// The chart: what it renders to, what it refuses, and that a real API server takes it, upgrades it and lets it go.

import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parse, parseAllDocuments } from "yaml"
import manifest from "../../package.json" with { type: "json" }
import { deployManifests, renderChart } from "../../scripts/deploy-manifests.ts"
import { ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"
import { crds } from "../../src/api/crd.ts"
import { readSettings } from "../../src/controller/settings.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { at, type Manifest, texts } from "../manifest.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const chart = join(root, "deploy/chart")
const text = (path: string): string => readFileSync(join(root, path), "utf8")

async function rendered(...args: readonly string[]): Promise<readonly Manifest[]> {
  return parseAllDocuments(await renderChart(args))
    .map((document): Manifest => document.toJS())
    .filter((each) => each !== null)
}

function only(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name)
  if (found[0] === undefined || found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}`)
  return found[0]
}

test("the plain manifests are the chart's, rendered (npm run generate)", async () => {
  const made = await deployManifests()
  const files = [...made.keys()].map((path) => [path, text(path)] as const)
  expect(files).toEqual([...made])
})

test("chart, image and package have one version", () => {
  const { version, appVersion } = parse(text("deploy/chart/Chart.yaml"))
  expect([version, appVersion]).toEqual([manifest.version, manifest.version])
  expect(text("deploy/postern.yaml")).toContain(`image: "postern.dev/postern:${manifest.version}"`)
})

describe("values", () => {
  test("every value is documented: a comment stands before it, or before the group that it is in", () => {
    const lines = text("deploy/chart/values.yaml").split("\n")
    const bare = lines.filter((line, i) => {
      const isValue = /^ {0,2}[a-zA-Z]+:( .+)$/.test(line)
      return isValue && !/^\s*#/.test(lines[i - 1] ?? "")
    })
    expect(bare).toEqual([])
  })

  test("every value is in the schema, and the schema knows no other", () => {
    const values: unknown = parse(text("deploy/chart/values.yaml"))
    const schema: unknown = JSON.parse(text("deploy/chart/values.schema.json"))
    const helmsOwn = ["global"]
    expect([...namesOf(values, schema), ...helmsOwn].toSorted()).toEqual(schemaNames(schema).toSorted())
  })

  test.for<[string, string]>([
    ["enforcement=on", "at '/enforcement': value must be one of 'observe', 'enforce'"],
    ["agent.bridgefilter=check", "at '/agent': additional properties 'bridgefilter' not allowed"],
    ["controller.replicas=0", "at '/controller/replicas': minimum: got 0, want 1"],
    ["controller.port=http", "at '/controller/port': got string, want integer"],
    ["ruleset.mask=255", "at '/ruleset/mask': got number, want string"],
    ["ruleset.unknownPods=drop", "at '/ruleset/unknownPods': value must be one of 'deny', 'allow'"],
    ["agent.cniResults=results", "at '/agent/cniResults': 'results' does not match pattern"],
    ["agent.maxUnavailable=0", "at '/agent/maxUnavailable'"],
  ])("%s is refused: %s", async ([value, message]) => {
    await expect(renderChart(["--set", value])).rejects.toThrow(message)
  })

  test.for([
    [[], "observe"],
    [["--set", "enforcement=enforce,ruleset.logGroup=7,ruleset.midStream=accept"], "enforce"],
  ] as const)("the settings of %j are what the controller reads", async ([args, enforcement]) => {
    const { data } = only(await rendered(...args), "ConfigMap", "postern")
    const read = readSettings(data)
    expect(read).toMatchObject({ ok: { enforcement } })
  })
})

describe("least privilege", () => {
  test("agents have NET_ADMIN, no API token and nothing of the host that they do not need", async () => {
    const manifests = await rendered()
    const pod = at(only(manifests, "DaemonSet", "postern-agent"), "spec.template.spec")
    expect(at(pod, "automountServiceAccountToken")).toBe(false)
    expect(at(pod, "hostPID")).toBeUndefined()
    expect(at(pod, "containers.0.securityContext")).toEqual({
      runAsUser: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
    })
    expect(texts(at(pod, "volumes"), "hostPath.path")).toEqual([
      "/var/lib/postern",
      "/run/postern",
      "/var/lib/cni",
    ])
    expect(at(pod, "containers.0.volumeMounts.2")).toMatchObject({ name: "cni", readOnly: true })
    expect(at(pod, "initContainers.0.securityContext.privileged")).toBe(true)
    expect(at(pod, "initContainers.0.volumeMounts")).toBeUndefined()
  })

  test.for(["agent", "check"])("bridgeFilter %s takes no privileged container", async (bridgeFilter) => {
    const manifests = await rendered("--set", `agent.bridgeFilter=${bridgeFilter}`)
    expect(
      at(only(manifests, "DaemonSet", "postern-agent"), "spec.template.spec.initContainers"),
    ).toBeUndefined()
    expect(JSON.stringify(manifests)).not.toContain('"privileged":true')
  })

  test.for(["controller", "webhook"])("a %s runs as nobody, with no capability", async (component) => {
    const pod = at(only(await rendered(), "Deployment", `postern-${component}`), "spec.template.spec")
    expect(at(pod, "securityContext")).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    })
    expect(at(pod, "containers.0.securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    })
    expect(at(pod, "volumes")).toBeUndefined()
  })
})

test("without the webhook there is nothing of it, and without the explain API no APIService", async () => {
  const named = (manifests: readonly Manifest[]): readonly string[] =>
    manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  const without = named(await rendered("--set", "webhook.enabled=false"))
  expect(without.filter((name) => /webhook|explain/i.test(name))).toEqual([])
  const quiet = named(await rendered("--set", "webhook.explainApi=false"))
  expect(quiet).toContain("ValidatingWebhookConfiguration postern")
  expect(quiet.filter((name) => name.startsWith("APIService"))).toEqual([])
})

test("who is called for changes of workloads is never what keeps them out", async () => {
  const value = "webhook.workloads=true,webhook.failurePolicy=Fail"
  const configuration = only(await rendered("--set", value), "ValidatingWebhookConfiguration", "postern")
  expect(texts(at(configuration, "webhooks"), "name")).toEqual([
    "policies.postern.dev",
    "workloads.postern.dev",
  ])
  expect(texts(at(configuration, "webhooks"), "failurePolicy")).toEqual(["Fail", "Ignore"])
})

describe("a real API server", () => {
  let server: ApiServer
  let helm: string

  beforeAll(async () => {
    helm = join(await ensureBinaries(["helm"]), "helm")
    server = await startApiServer()
  })
  afterAll(() => server?.stop())

  const run = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)(helm, [...args, "--kubeconfig", server.kubeconfig])).stdout
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await server.kubectl(args)
    expect(stderr).toBe("")
    expect(status).toBe(0)
    return stdout
  }

  test("helm lint finds nothing", async () => {
    expect(await run("lint", "--strict", chart)).toContain("0 chart(s) failed")
  })

  test("takes the plain manifests, every field of them", async () => {
    for (const name of ["postern.yaml", "postern-observe.yaml", "postern-remove.yaml"]) {
      const file = join(root, "deploy", name)
      // A dry run makes no namespace for the objects that follow it.
      if (name === "postern.yaml") await kubectl("apply", "--validate=strict", "-f", file)
      else await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", file)
    }
    const established = await kubectl("get", "crd", "-o", "name")
    expect(established.trim().split("\n")).toHaveLength(crds.length)
    await kubectl("delete", "--wait=false", "-f", join(root, "deploy/postern.yaml"))
    await kubectl("delete", "crd", "--all")
  })

  test("install, upgrade and uninstall: CRDs are upgraded, and kept with what is in them", async () => {
    const release = ["postern", chart, "--namespace", "kube-system"]
    const notes = await run("install", ...release, "--set", "enforcement=observe")
    expect(notes).toContain("enforcement: observe")
    expect(notes).toContain(
      "kubectl label namespace kube-system pod-security.kubernetes.io/enforce=privileged",
    )
    const name = "connectivityassertions.postern.dev"
    const schema = "/spec/versions/0/schema/openAPIV3Schema/description"
    await kubectl(
      "patch",
      "crd",
      name,
      "--type=json",
      "-p",
      JSON.stringify([{ op: "replace", path: schema, value: "old" }]),
    )
    expect(await run("upgrade", ...release, "--set", "enforcement=enforce")).toContain("enforcement: enforce")
    const of = `jsonpath={${schema.replaceAll("/", ".").replace(".0.", "[0].")}}`
    expect(await kubectl("get", "crd", name, "-o", of)).not.toBe("old")
    await run("uninstall", "postern", "--namespace", "kube-system", "--no-hooks")
    expect(await kubectl("get", "crd", name, "-o", "name")).toContain(name)
    expect(
      await kubectl(
        "-n",
        "kube-system",
        "get",
        "daemonset,deployment,role",
        "-l",
        "app.kubernetes.io/name=postern",
        "-o",
        "name",
      ),
    ).toBe("")
    // And the same release comes back to what it has kept.
    await run("install", ...release)
  })
})

/** Of groups, the names in them. */
function namesOf(values: unknown, schema: unknown, prefix = ""): readonly string[] {
  return Object.entries(values ?? {}).flatMap(([name, value]) => {
    const inner = at(schema, `properties.${name}`)
    return isGroup(name, inner) ? namesOf(value, inner, `${prefix}${name}.`) : [prefix + name]
  })
}

function schemaNames(schema: unknown, prefix = ""): readonly string[] {
  return Object.entries(at(schema, "properties") ?? {}).flatMap(([name, each]) =>
    isGroup(name, each) ? schemaNames(each, `${prefix}${name}.`) : [prefix + name],
  )
}

function isGroup(name: string, schema: unknown): boolean {
  return name !== "resources" && at(schema, "properties") !== undefined
}
