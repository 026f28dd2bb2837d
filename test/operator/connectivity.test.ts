// postern connectivity of a running cluster, as a user runs it.

import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { must } from "./status-stage.ts"

/** More than a page of a list. */
const MANY = 520

let server: ApiServer

beforeAll(async () => {
  server = await startApiServer()
  await must(server, ["create", "namespace", "shop"])
  await must(server, ["create", "namespace", "many"])
})

afterAll(() => server?.stop())

async function create(...items: readonly object[]): Promise<void> {
  await must(server, ["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }))
}

interface PodSketch {
  readonly app: string
  readonly replicaSet?: string
  readonly hostNetwork?: true
}

function podOf(name: string, { app, replicaSet, hostNetwork }: PodSketch): object {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: replicaSet, uid: "1", controller: true }
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "shop",
      labels: { app, "pod-template-hash": "abc" },
      ...(replicaSet === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: { nodeName: "one", hostNetwork, containers: [{ name: "main", image: "example.org/x" }] },
  }
}

async function giveAddress(pod: string, address: string): Promise<void> {
  const status = { podIPs: [{ ip: address }], podIP: address, phase: "Running" }
  const patch = JSON.stringify({ status })
  await must(server, ["patch", "pod", pod, "-n", "shop", "--subresource=status", "--type=merge", "-p", patch])
}

async function connectivity(...words: readonly string[]) {
  const program = fileURLToPath(new URL("../../bin/postern.js", import.meta.url))
  const args = [program, "connectivity", ...words, "--kubeconfig", server.kubeconfig]
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: server.directory },
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, output, errors }
}

test("a cluster without pods is told as one", async () => {
  expect(await connectivity("-o", "json")).toEqual({ status: 0, output: "[]\n", errors: "" })
})

test("workloads of a cluster are named by their pods' controllers, and found by what these belong to", async () => {
  await create(
    podOf("web-abc-1", { app: "web", replicaSet: "web-abc" }),
    podOf("web-abc-2", { app: "web", replicaSet: "web-abc" }),
    podOf("db", { app: "db" }),
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "db", namespace: "shop" },
      spec: {
        podSelector: { matchLabels: { app: "db" } },
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }] }],
      },
    },
  )
  for (const [i, pod] of ["web-abc-1", "web-abc-2", "db"].entries()) await giveAddress(pod, `10.0.0.${i + 1}`)
  const all = await connectivity("-o", "json")
  expect(all).toMatchObject({ status: 0, errors: "" })
  expect(JSON.parse(all.output)).toEqual([
    { src: "0.0.0.0-255.255.255.255", dst: "shop/web-abc[ReplicaSet]", conn: "All Connections" },
    { src: "shop/web-abc[ReplicaSet]", dst: "0.0.0.0-255.255.255.255", conn: "All Connections" },
    { src: "shop/web-abc[ReplicaSet]", dst: "shop/db[Pod]", conn: "TCP 5432" },
  ])
  for (const name of ["shop/web", "shop/deploy/web", "shop/rs/web-abc", "shop/web-abc-2"]) {
    expect(await connectivity("--focus", name, "-o", "json")).toEqual(all)
  }
})

test("what a host-network pod reaches on its own node is no policy's doing: a note, and no line", async () => {
  await create(podOf("host", { app: "host", hostNetwork: true }))
  await giveAddress("host", "192.168.0.1")
  const { status, output, errors } = await connectivity("--focus", "shop/db")
  expect([status, output]).toEqual([
    0,
    "shop/db[Pod]\n  → nothing\n  ← TCP 5432  shop/web-abc[ReplicaSet]\n\n3 workloads, 1 pair that can connect\n",
  ])
  expect(errors).toMatch(
    /^note PNP0801: a host-network pod reaches the pods of its own node whatever policies say.*\n$/,
  )
})

test("the mode is the cluster's, unless it is asked otherwise", async () => {
  await must(server, ["create", "namespace", "postern-system"])
  await must(server, [
    "create",
    "configmap",
    "postern",
    "-n",
    "postern-system",
    "--from-literal=enforcement=observe",
  ])
  const observed = await connectivity("--focus", "shop/db")
  expect(observed.output).toContain("All Connections, observed")
  const enforced = await connectivity("--focus", "shop/db", "--enforcement", "enforce")
  expect(enforced.output).not.toContain("observed")
})

test("lists are read to their last page", async () => {
  const policies = Array.from({ length: MANY }, (_, i) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `p-${String(i).padStart(4, "0")}`, namespace: "many" },
    // The last one by name cuts the ranges.
    spec: {
      podSelector: {},
      ingress: i === MANY - 1 ? [{ from: [{ ipBlock: { cidr: "192.0.2.0/24" } }] }] : [],
    },
  }))
  await create(...policies)
  const { output } = await connectivity("-o", "json")
  expect(output).toContain('"src":"192.0.2.0-192.0.2.255"')
})
