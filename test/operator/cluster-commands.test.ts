// postern status, observe and enforce, as a user runs them against a cluster.

import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { Ajv2020 } from "ajv/dist/2020.js"
import { afterAll, beforeAll, expect, test } from "vitest"
import { enforcementSchema, statusSchema } from "../../src/api/status-report.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { connectAgent, eventually, installCrds, must, type Replica, startReplica } from "./status-stage.ts"

let server: ApiServer
let replica: Replica | undefined

beforeAll(async () => {
  server = await startApiServer()
  await must(server, ["create", "namespace", "postern-system"])
  await must(server, ["create", "namespace", "shop"])
})

afterAll(async () => {
  await replica?.stop()
  await server?.stop()
})

interface Run {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** In a process of its own, while this one plays the controller. */
async function postern(...words: readonly string[]): Promise<Run> {
  const program = fileURLToPath(new URL("../../bin/postern.js", import.meta.url))
  const child = spawn(process.execPath, [program, ...words, "--kubeconfig", server.kubeconfig], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: server.directory },
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, output, errors }
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
const isStatus = ajv.compile(statusSchema)
const isEnforcement = ajv.compile(enforcementSchema)

async function create(object: object): Promise<void> {
  await must(server, ["create", "-f", "-"], JSON.stringify(object))
}

test("a cluster without Postern is told as one", async () => {
  const { status, output, errors } = await postern("status")
  expect([status, output]).toEqual([2, ""])
  expect(errors).toContain("there is no Postern in this cluster")
})

test("status says how nodes and policies do, for people and for programs", async () => {
  await installCrds(server)
  await create({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "one" },
    spec: { podCIDR: "10.0.0.0/16" },
  })
  await create({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "default-deny", namespace: "shop" },
    spec: { podSelector: {}, policyTypes: ["Ingress"] },
  })
  replica = await startReplica(server)
  connectAgent(replica, "one")
  const untold = await postern("status")
  expect([untold.status, untold.output]).toEqual([
    1,
    expect.stringMatching(/^Old +no controller has written/),
  ])
  await create({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "postern-controller", namespace: "postern-system" },
    spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime: "2999-01-01T00:00:00.000000Z" },
  })
  await eventually(
    () => postern("status"),
    ({ status, output }) =>
      status === 0 && output.includes("1: 1 Programmed") && output.includes("1: 1 Pending"),
    "everything is fine",
  )
  const { output } = await postern("status", "-o", "json")
  const report: unknown = JSON.parse(output)
  expect(isStatus(report) ? "" : isStatus.errors).toBe("")
  expect(report).toMatchObject({
    enforcement: "enforce",
    nodes: [{ name: "one", state: "Programmed" }],
    policies: [{ namespace: "shop", name: "default-deny", phase: "Pending", enforcement: "enforce" }],
  })
})

test("a namespace is observed and enforced by its label, and statuses follow", async () => {
  const observed = await postern("observe", "-n", "shop")
  expect([observed.status, observed.output]).toEqual([
    0,
    "✓ namespace shop  is labelled postern.dev/enforcement=observe\n",
  ])
  await eventually(
    () => postern("status", "-n", "shop", "-o", "json"),
    ({ output }) => JSON.parse(output).policies[0]?.enforcement === "observe",
    "the status is of an observed policy",
  )
  expect((await postern("status")).output).toContain("postern enforce -n shop")
  const asked = await postern("enforce", "-n", "shop")
  expect([asked.status, asked.output]).toEqual([2, ""])
  const enforced = await postern("enforce", "-n", "shop", "--yes", "-o", "json")
  const report: unknown = JSON.parse(enforced.output)
  expect(isEnforcement(report)).toBe(true)
  expect(report).toMatchObject({ enforcement: "enforce", results: [{ subject: "namespace shop", ok: true }] })
  const label = await must(server, [
    "get",
    "ns",
    "shop",
    "-o",
    "jsonpath={.metadata.labels.postern\\.dev/enforcement}",
  ])
  expect(label).toBe("enforce")
})

test("the whole cluster: the setting is changed, and nodes that could not be told are named", async () => {
  const { status, output } = await postern("observe", "--all-nodes")
  expect([status, output]).toEqual([
    1,
    "✓ the cluster's setting  is observe\n✗ node one               no agent runs there\n1 of 2 failed\n",
  ])
  const setting = [
    "get",
    "configmap",
    "postern",
    "-n",
    "postern-system",
    "-o",
    "jsonpath={.data.enforcement}",
  ]
  expect(await must(server, setting)).toBe("observe")
  await postern("enforce", "--yes")
  expect(await must(server, setting)).toBe("enforce")
})

test("a label that is neither mode is named, and a namespace that there is not", async () => {
  await must(server, ["label", "namespace", "shop", "postern.dev/enforcement=on", "--overwrite"])
  const { output } = await postern("status", "-o", "json")
  expect(JSON.parse(output).next[0]).toMatch(/^namespace shop is labelled "on"/)
  const absent = await postern("status", "-n", "nowhere")
  expect([absent.status, absent.output, absent.errors]).toEqual([2, "", expect.stringContaining("nowhere")])
})

test("without anybody to ask, enforce says how to go on", async () => {
  const { status, output, errors } = await postern("enforce")
  expect([status, output, errors]).toEqual([2, "", expect.stringContaining("--yes does not ask")])
})

test("a namespace that there is not is a failure", async () => {
  const { status, output } = await postern("observe", "-n", "nowhere")
  expect(status).toBe(1)
  expect(output).toMatch(/✗ namespace nowhere .*not found/)
})
