// postern test and postern diff against a running cluster, and as kubectl runs them.

import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { installCrds, must } from "./status-stage.ts"

const bin = fileURLToPath(new URL("../../bin/", import.meta.url))
const directory = mkdtempSync(join(tmpdir(), "postern-compared-"))
let server: ApiServer

const deny = { podSelector: { matchLabels: { app: "db" } }, policyTypes: ["Ingress"] }
const fromWeb = {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }],
}

function networkPolicy(name: string, spec: object) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "shop" },
    spec,
  }
}

function assertion(name: string, from: string, expected: "Allow" | "Deny") {
  return {
    apiVersion: "postern.dev/v1alpha1",
    kind: "ConnectivityAssertion",
    metadata: { name, namespace: "shop" },
    spec: { from, to: "db", ports: ["5432/TCP"], expect: expected },
  }
}

async function create(...objects: readonly object[]): Promise<void> {
  await must(
    server,
    ["create", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
  )
}

async function createPod(name: string, address: string): Promise<void> {
  const metadata = { name, namespace: "shop", labels: { app: name } }
  const spec = { containers: [{ name: "main", image: "example.org/x" }], nodeName: "one" }
  await create({ apiVersion: "v1", kind: "Pod", metadata, spec })
  const status = { podIPs: [{ ip: address }], podIP: address, phase: "Running" }
  await must(server, ["patch", "pod", name, "-n", "shop", ...patchOf({ status })])
}

function patchOf(patch: object): readonly string[] {
  return ["--subresource=status", "--type=merge", "-p", JSON.stringify(patch)]
}

/** Written as a file of the test's directory. */
function file(name: string, ...objects: readonly object[]): string {
  const path = join(directory, name)
  writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }))
  return path
}

interface Run {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

async function run(program: string, words: readonly string[], path = ""): Promise<Run> {
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: `${path}:${process.env["PATH"]}`, HOME: server.directory, KUBECONFIG: server.kubeconfig },
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, output, errors }
}

function postern(...words: readonly string[]): Promise<Run> {
  return run(process.execPath, [join(bin, "postern.js"), ...words])
}

beforeAll(async () => {
  server = await startApiServer()
  await installCrds(server)
  await must(server, ["create", "namespace", "shop"])
  await must(server, ["create", "serviceaccount", "default", "-n", "shop"])
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "one" }, spec: { podCIDR: "10.0.0.0/16" } }
  await create(node)
  await createPod("web", "10.0.0.2")
  await createPod("db", "10.0.0.3")
  await createPod("job", "10.0.0.4")
  await create(networkPolicy("db", fromWeb))
})

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await server?.stop()
})

test("without assertions, in the cluster or in files, there is nothing to test", async () => {
  const { status, output, errors } = await postern("test")
  expect([status, output]).toEqual([2, ""])
  expect(errors).toContain("PNP0601: there is no ConnectivityAssertion in this cluster")
})

test("the cluster's own assertions are tested, and those of files instead of them", async () => {
  await create(assertion("web", "web", "Allow"), assertion("job", "job", "Allow"))
  const own = await postern("test")
  expect([own.status, own.errors]).toEqual([1, ""])
  expect(own.output).toMatch(/✗ job → db {2}5432\/TCP {2}expected Allow/)
  expect(own.output).toContain("isolated by db, and nothing accepts this")
  expect(own.output).toMatch(/✗ 1 failed, 1 of 2 cases as expected {2}the cluster\n$/)
  const better = file("better.json", assertion("job", "job", "Deny"), networkPolicy("unused", deny))
  const given = await postern("test", "--assertions", better)
  expect([given.status, given.output]).toEqual([0, expect.stringContaining("✓ 1 of 1 case as expected")])
  expect(given.errors).toMatch(/^note PNP0603: 1 object beside the assertions/)
})

test("files are compared with the cluster as kubectl apply would change it", async () => {
  const same = await postern("diff", "-f", file("same.json", networkPolicy("db", fromWeb)), "--exit-code")
  expect([same.status, same.errors]).toEqual([0, ""])
  expect(same.output).toMatch(/nothing else flows/)
  expect(same.output).not.toContain("NetworkPolicy")
  const path = file("deny.json", networkPolicy("db", deny))
  const denied = await postern("diff", "-f", path, "--exit-code")
  expect([denied.status, denied.errors]).toEqual([1, ""])
  expect(denied.output).toContain(`~ NetworkPolicy shop/db  ${path}:1`)
  expect(denied.output).toMatch(/- shop\/web\[Pod\] → shop\/db\[Pod\] {2}All Connections/)
  expect(denied.output).toMatch(/no longer as asserted\n.*web → db 5432\/TCP is denied, expected Allow/)
})

test("what the files lack stays, and goes with --prune", async () => {
  const other = file("other.json", networkPolicy("web", { podSelector: { matchLabels: { app: "web" } } }))
  const kept = await postern("diff", "-f", other)
  expect(kept.output).not.toContain("no longer ingress-isolated")
  const pruned = await postern("diff", "-f", other, "--prune")
  expect([pruned.status, pruned.errors]).toEqual([0, ""])
  expect(pruned.output).toMatch(/- NetworkPolicy shop\/db\n/)
  expect(pruned.output).toMatch(/no longer ingress-isolated {2}1 pod\n {2}shop\/db\[Pod\]/)
})

test("pods of the files are said not to count, and what cannot be read of an object is named", async () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "x", namespace: "shop" },
    spec: { containers: [] },
  }
  const { status, errors } = await postern("diff", "-f", file("pod.json", networkPolicy("db", deny), pod))
  expect(status).toBe(0)
  expect(errors).toMatch(/^note PNP0616: 1 object of the files/)
  const nodeStatus = { status: { addresses: [{ type: "InternalIP", address: "not-one" }] } }
  await must(server, ["patch", "node", "one", ...patchOf(nodeStatus)])
  const read = await postern("test", "--filter", "web")
  expect(read.status).toBe(0)
  expect(read.errors).toMatch(/^warning PNP0604: nodes one: .*"not-one" is no address/)
})

test("kubectl finds the plugin by its name, runs it, and completes its words", async () => {
  const plugins = join(directory, "bin")
  mkdirSync(plugins)
  for (const name of ["kubectl-postern", "kubectl_complete-postern"]) {
    symlinkSync(join(bin, `${name}.js`), join(plugins, name))
  }
  const kubectl = join(await ensureBinaries(["kubectl"]), "kubectl")
  const tested = await run(kubectl, ["postern", "test", "--filter", "shop/web"], plugins)
  expect([tested.status, tested.output]).toEqual([0, expect.stringContaining("✓ 1 of 1 case as expected")])
  const help = await run(kubectl, ["postern", "diff", "--help"], plugins)
  expect(help.output).toMatch(/^Usage: kubectl postern diff/)
  const completed = await run(kubectl, ["__complete", "postern", "diff", "-o", ""], plugins)
  expect(completed.output).toMatch(/^text\njson\nmd\n:4\n/)
})

test("a user who may not list is told what", async () => {
  const kubeconfig = await server.addUser({ name: "nobody", groups: [] })
  const { status, output, errors } = await postern("test", "--kubeconfig", kubeconfig)
  expect([status, output]).toEqual([3, ""])
  expect(errors).toMatch(/cannot list resource/)
})
