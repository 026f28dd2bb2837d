// The chart: what it renders to, what it refuses, and that a real API server takes it, upgrades it and lets it go.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parse } from "yaml"
import manifest from "../../package.json" with { type: "json" }
import { deployManifests, renderChart } from "../../scripts/deploy-manifests.ts"
import { crds } from "../../src/api/crd.ts"
import { readSettings } from "../../src/controller/settings.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { at, texts } from "../manifest.ts"
import { chart, type Helm, helmOn, only, quietly, rendered } from "./chart-stage.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const text = (path: string): string => readFileSync(join(root, path), "utf8")

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
    ["webhook.failurePolicy=fail", "at '/webhook/failurePolicy': value must be one of 'Ignore', 'Fail'"],
    ["webhook.timeoutSeconds=31", "at '/webhook/timeoutSeconds': maximum: got 31, want 30"],
    ["webhook.timeoutSeconds=2", "at '/webhook/timeoutSeconds': minimum: got 2, want 3"],
    ["webhook.replicas=0", "at '/webhook/replicas': minimum: got 0, want 1"],
    ["webhook.explainAPI=false", "at '/webhook': additional properties 'explainAPI' not allowed"],
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

describe("a real API server", () => {
  let server: ApiServer
  let run: Helm

  beforeAll(async () => {
    server = await startApiServer()
    run = await helmOn(server)
  })
  afterAll(() => server?.stop())

  const kubectl = (...args: readonly string[]): Promise<string> => quietly(server, args)

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
