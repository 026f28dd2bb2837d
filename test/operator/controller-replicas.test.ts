// Replicas of the controller as they come and go, and an API server that goes away: agents are served all the time.

import { isDeepStrictEqual } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { recordIn } from "../../src/api/conforms.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { streamRequest } from "../unit/controller/loopback-server.ts"
import {
  agentToken,
  beginController,
  createNodes,
  follow,
  installManifest,
  NAMESPACE,
  portOf,
  type RunningController,
  startController,
  startProcess,
  trusted,
} from "./controller-stage.ts"
import { eventually } from "./status-stage.ts"

let server: ApiServer
let first: RunningController
let ca: string

beforeAll(async () => {
  server = await startApiServer()
  await installManifest(server)
  await createNodes(server)
  first = await startController(server, "replica-1")
  ca = await trusted(server)
})

afterAll(async () => {
  await first?.stop()
  await server?.stop()
})

test("a second replica serves agents too, and writes statuses when the first has gone", async () => {
  const second = await startController(server, "replica-2")
  try {
    const token = await agentToken(server, "node-a")
    await eventually(
      () => first.controller.isLeader,
      (leads) => leads,
      "the first leads",
    )
    await follow(second, { node: "node-a", token, ca })
    expect([await trusted(server), second.controller.isLeader]).toEqual([ca, false])
    const ended = await follow(first, { node: "node-b", token: await agentToken(server, "node-b"), ca })
    await first.stop()
    expect((await ended.ended).status).toBe(200)
    await eventually(
      () => second.controller.isLeader,
      (leads) => leads,
      "the second leads",
    )
  } finally {
    await second.stop()
    first = await startController(server, "replica-1")
  }
})

test("agents are told of all replicas, and of every change", async () => {
  const stream = await follow(first, { node: "node-a", token: await agentToken(server, "node-a"), ca })
  const own = `127.0.0.1:${portOf(first)}`
  expect(stream.messages()[0]).toMatchObject({ kind: "hello", replicas: [own] })
  const slice = (addressType: string, addresses: readonly string[], ready: boolean) => ({
    metadata: {
      name: `replicas-${addressType.toLowerCase()}-${ready}`,
      labels: { "kubernetes.io/service-name": "postern-controller" },
    },
    addressType,
    endpoints: [{ addresses, conditions: { ready } }],
    ports: [{ name: "agents", port: 10650, protocol: "TCP" }],
  })
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`
  await server.client.create(slices, slice("IPv4", ["192.0.2.7"], true))
  await server.client.create(slices, slice("IPv6", ["2001:db8::7"], true))
  await server.client.create(slices, slice("IPv4", ["192.0.2.8"], false))
  const replicas = ["192.0.2.7:10650", "[2001:db8::7]:10650", own].sort()
  await eventually(
    () => stream.messages().findLast(({ kind }) => kind === "replicas"),
    (message) => isDeepStrictEqual(message, { kind: "replicas", replicas }),
    "the list is told",
  )
})

test("a replica that finds settings with a mistake is not ready, says why, and begins when they are mended", async () => {
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/postern`
  const set = (data: object) => server.client.patch(path, { data }, "application/merge-patch+json")
  await set({ midStream: "maybe" })
  const second = await beginController(server, "replica-3")
  try {
    const ready = async (): Promise<string> => {
      const { healthPort } = second.controller
      if (healthPort === undefined) return "not there"
      const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`)
      return `${answer.status} ${await answer.text()}`
    }
    const why = "503 the ConfigMap postern is refused: data.midStream"
    await eventually(ready, (said) => said.startsWith(why), "it says why")
    expect(second.controller.port).toBeUndefined()
    const here = await fetch(`http://127.0.0.1:${first.controller.healthPort}/readyz`)
    expect(here.status).toBe(200)
    await set({ midStream: "drop" })
    await second.started
    expect(await ready()).toBe("200 ok\n")
  } finally {
    await second.stop()
    await set({ midStream: "drop" })
  }
})

test("a process that is told to stop gives the lease back and ends well", async () => {
  await first.stop()
  const child = await startProcess(server, "replica-9")
  try {
    const lease = async (): Promise<unknown> => {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/postern-controller`
      return recordIn(await server.client.get(path), "spec")["holderIdentity"]
    }
    await eventually(lease, (holder) => holder === "replica-9", "it leads")
    child.process.kill("SIGTERM")
    expect(await child.ended).toEqual([0, null])
    expect(await lease()).toBe("")
  } finally {
    child.process.kill("SIGKILL")
    first = await startController(server, "replica-1")
  }
})

test("while the API server is away, streams go on and known agents come back", async () => {
  const token = await agentToken(server, "node-a")
  const stream = await follow(first, { node: "node-a", token, ca })
  await server.server.stop()
  try {
    const before = stream.messages().length
    await eventually(
      () => stream.messages().length,
      (count) => count > before,
      "it is alive",
    )
    const ruleset = stream.messages().find(({ kind }) => kind === "ruleset")
    const held = ruleset?.kind === "ruleset" ? ruleset : undefined
    const body = streamRequest({
      revision: held?.revision ?? 0,
      digest: held?.digest ?? "",
      asOf: held?.asOf ?? "",
    })
    const again = await follow(first, { node: "node-a", token, ca, body })
    await eventually(
      () => again.messages().some(({ kind }) => kind === "unchanged"),
      (is) => is,
      "it holds what there is",
    )
    const ready = await fetch(`http://127.0.0.1:${first.controller.healthPort}/readyz`)
    expect(ready.status).toBe(200)
  } finally {
    await server.server.start()
  }
})
