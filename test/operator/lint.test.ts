// postern lint of a running cluster, as a user runs it.

import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { must } from "./status-stage.ts"

let server: ApiServer

beforeAll(async () => {
  server = await startApiServer()
  await must(server, ["create", "namespace", "shop"])
})

afterAll(() => server?.stop())

async function create(object: object): Promise<void> {
  await must(server, ["create", "-f", "-"], JSON.stringify(object))
}

async function lint(...words: readonly string[]) {
  const program = fileURLToPath(new URL("../../bin/postern.js", import.meta.url))
  const child = spawn(process.execPath, [program, "lint", ...words, "--kubeconfig", server.kubeconfig], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: server.directory,
    env: { PATH: process.env["PATH"], HOME: server.directory },
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, output, errors }
}

test("a cluster is linted as it stands: what is not there is a warning", async () => {
  expect(await lint()).toMatchObject({
    status: 0,
    output: "no policies: there was nothing to look at\n",
    errors: "",
  })
  await create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop", labels: { app: "web" } },
    spec: {
      containers: [
        { name: "main", image: "example.org/web", ports: [{ name: "http", containerPort: 8080 }] },
      ],
    },
  })
  await create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  })
  await create({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web", namespace: "shop", annotations: { "postern.dev/ignore": "PNP0446" } },
    spec: {
      podSelector: { matchLabels: { app: "web" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shopp" } } }],
          ports: [{ port: 80 }, { port: 80 }],
        },
      ],
      egress: [{}],
    },
  })
  const found = await lint("--max-warnings", "2")
  expect(found).toMatchObject({ status: 1, errors: "" })
  expect(found.output).toMatch(/NetworkPolicy shop\/web: warning PNP0314 spec\.egress: /)
  expect(found.output).toMatch(
    /PNP0425 spec\.ingress\[0\]\.from\[0\]\.namespaceSelector: there is no namespace shopp: .*there is shop$/m,
  )
  expect(found.output).toMatch(
    /PNP0433 spec\.ingress\[0\]\.ports\[0\]: .* 80 is the port of Service web, which leads to 8080$/m,
  )
  expect(found.output).not.toMatch(/PNP0446/)
  expect(found.output).toMatch(/4 warnings in 1 policy; --max-warnings allows 2/)
  expect(await lint("-n", "default")).toMatchObject({
    status: 0,
    output: "no policies: there was nothing to look at\n",
  })
  expect((await lint("-n", "shop")).output).toMatch(/4 warnings in 1 policy/)
  expect(await lint("-n", "shp")).toMatchObject({
    status: 2,
    output: "",
    errors: expect.stringMatching(/PNP0902: there is no namespace "shp"/),
  })
  const sarif = await lint("-o", "sarif")
  expect(sarif.status).toBe(0)
  expect(sarif.output).toMatch(
    /"fullyQualifiedName": "NetworkPolicy\/shop\/web spec\.ingress\[0\]\.ports\[0\]"/,
  )
})
