import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { type ClusterConfig, loadClusterConfig } from "./cluster-config.ts"

const directory = mkdtempSync(join(tmpdir(), "postern-cluster-config-"))

afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function inPod(host: string): Promise<ClusterConfig> {
  const environment = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: "6443" }
  return loadClusterConfig({ environment, serviceAccount: directory })
}

test("in a pod, the service account's files are read, and read again when they are refused", async () => {
  file("token", "first\n")
  file("ca.crt", "CA")
  const config = await inPod("10.96.0.1")
  expect(config.server).toBe("https://10.96.0.1:6443")
  expect(await config.credentials(false)).toEqual({
    headers: { authorization: "Bearer first" },
    tls: { ca: "CA" },
  })
  file("token", "second")
  expect((await config.credentials(false)).headers).toEqual({ authorization: "Bearer first" })
  expect((await config.credentials(true)).headers).toEqual({ authorization: "Bearer second" })
  rmSync(join(directory, "token"))
  expect((await config.credentials(true)).headers).toEqual({ authorization: "Bearer second" })
})

test("an IPv6 address is put in brackets", async () => {
  file("token", "first")
  expect((await inPod("fd00::1")).server).toBe("https://[fd00::1]:6443")
})

const plugin = JSON.stringify({
  apiVersion: "client.authentication.k8s.io/v1",
  kind: "ExecCredential",
  status: { token: "from-plugin" },
})
const text = Buffer.from("PEM").toString("base64")

const kubeconfig = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    {
      name: "one",
      cluster: { server: "https://one:6443/", "certificate-authority-data": text, "tls-server-name": "api" },
    },
    { name: "two", cluster: { server: "https://two/k8s", "insecure-skip-tls-verify": true } },
  ],
  users: [
    { name: "token", user: { token: "secret" } },
    { name: "certificate", user: { "client-certificate-data": text, "client-key-data": text } },
    { name: "basic", user: { username: "u", password: "p" } },
    {
      name: "plugin",
      user: {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: process.execPath,
          args: ["-e", `console.log(${JSON.stringify(plugin)})`],
          interactiveMode: "Never",
        },
      },
    },
  ],
  contexts: ["token", "certificate", "basic", "plugin"].map((user) => ({
    name: user,
    context: { cluster: user === "basic" ? "two" : "one", user },
  })),
  "current-context": "token",
})

const tls = { ca: "PEM", servername: "api" }

test.for<[string, string | undefined, string, object]>([
  [
    "the current context",
    undefined,
    "https://one:6443",
    { headers: { authorization: "Bearer secret" }, tls },
  ],
  [
    "another context",
    "certificate",
    "https://one:6443",
    { headers: {}, tls: { ...tls, cert: "PEM", key: "PEM" } },
  ],
  [
    "a password, and no check of the server",
    "basic",
    "https://two/k8s",
    { headers: { authorization: "Basic dTpw" }, tls: { rejectUnauthorized: false } },
  ],
  ["a plugin", "plugin", "https://one:6443", { headers: { authorization: "Bearer from-plugin" }, tls }],
])("a kubeconfig: %s", async ([, context, server, credentials]) => {
  const config = await loadClusterConfig({ kubeconfig: file("kubeconfig", kubeconfig), context })
  expect(config.server).toBe(server)
  expect(await config.credentials(false)).toEqual(credentials)
})

test.for<[string, string, string | undefined, RegExp]>([
  ["that is not there", "/nowhere/kubeconfig", undefined, /cannot be read/],
  [
    "that is no YAML, without its lines, which may have a token",
    file("broken", "users: [{name: u, user: {token: secret: x}}]"),
    undefined,
    /cannot be read: [^\n]*$(?![^]*secret)/,
  ],
  [
    "without the context that was asked for",
    file("other", kubeconfig),
    "production",
    /no context "production"/,
  ],
  ["without a cluster", file("empty", "{}"), undefined, /no cluster/],
])("a kubeconfig %s is an error that says so", async ([, path, context, message]) => {
  await expect(loadClusterConfig({ kubeconfig: path, context })).rejects.toThrow(message)
})
