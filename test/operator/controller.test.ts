// A controller replica as agents and kubectl meet it: real API server, the manifest's rights, real tokens.

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { recordIn } from "../../src/api/conforms.ts"
import { rulesetDigest } from "../../src/wire/digest.ts"
import type { ControllerMessage } from "../../src/wire/messages.ts"
import { reportOf } from "../agent/report.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { ask, lines, streamRequest } from "../unit/controller/loopback-server.ts"
import {
  agentToken,
  beginController,
  createNodes,
  follow,
  installManifest,
  NAMESPACE,
  path,
  portOf,
  type RunningController,
  startController,
  trusted,
} from "./controller-stage.ts"
import { eventually, must } from "./status-stage.ts"

let server: ApiServer
let first: RunningController
let ca: string

beforeAll(async () => {
  server = await startApiServer()
  await installManifest(server)
  await createNodes(server)
  await must(server, ["create", "namespace", "shop"])
  first = await startController(server, "replica-1")
  ca = await trusted(server)
})

afterAll(async () => {
  await first?.stop()
  await server?.stop()
})

async function status(replica: RunningController, token: string, node = "node-a"): Promise<number> {
  const answer = await ask(portOf(replica), { path: path(node), token, body: streamRequest(), ca }, lines(1))
  answer.end()
  return answer.status
}

/** To the API server. */
async function isKnown(token: string): Promise<boolean> {
  const body = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token, audiences: ["postern-controller"] },
  }
  const answer = await server.client.create("/apis/authentication.k8s.io/v1/tokenreviews", body)
  return recordIn(answer, "status")["authenticated"] === true
}

async function setSettings(data: Readonly<Record<string, string>>): Promise<void> {
  await must(server, [
    "patch",
    "configmap",
    "postern",
    "-n",
    NAMESPACE,
    "--type=merge",
    "-p",
    JSON.stringify({ data }),
  ])
}

/** Digest of the last whole ruleset. */
function enforcementIn(messages: readonly ControllerMessage[]): string {
  const message = messages.findLast(({ kind }) => kind === "ruleset")
  return message?.kind === "ruleset" ? rulesetDigest(message.ruleset) : ""
}

describe("a replica with the rights of the manifest", () => {
  test("makes an authority, and serves with a certificate of it", async () => {
    const secret = await server.client.get(`/api/v1/namespaces/${NAMESPACE}/secrets/postern-tls`)
    expect(Object.keys(recordIn(secret, "data")).sort()).toEqual(["ca.crt", "ca.key", "tls.crt", "tls.key"])
    expect(ca).toContain("BEGIN CERTIFICATE")
    expect(await status(first, await agentToken(server, "node-a"))).toBe(200)
  })

  test("says that it is ready, and counts", async () => {
    const at = (what: string) => fetch(`http://127.0.0.1:${first.controller.healthPort}${what}`)
    expect((await at("/readyz")).status).toBe(200)
    expect((await at("/healthz")).status).toBe(200)
    expect(await (await at("/metrics")).text()).toMatch(/^postern_streams /m)
  })

  test("lets an agent have its node's program, and no other's", async () => {
    const token = await agentToken(server, "node-a")
    expect([await status(first, token), await status(first, token, "node-b")]).toEqual([200, 403])
  })

  test("refuses a token that is not for it, not of an agent, or bound to no pod", async () => {
    const minted = (serviceAccount: string, audience: string) =>
      server.mintToken({ namespace: NAMESPACE, serviceAccount, audiences: [audience] })
    const tokens = [
      await minted("postern-agent", "https://kubernetes.default.svc"),
      await minted("postern-controller", "postern-controller"),
      await minted("postern-agent", "postern-controller"),
    ]
    for (const token of tokens) expect(await status(first, token)).toBe(401)
  })

  test("refuses the token of a pod that is gone", async () => {
    const token = await agentToken(server, "node-b")
    await server.client.delete(`/api/v1/namespaces/${NAMESPACE}/pods/postern-agent-node-b`)
    // The API server hears of its own deletions by a watch.
    await eventually(
      () => isKnown(token),
      (known) => !known,
      "the API server refuses it",
    )
    expect(await status(first, token, "node-b")).toBe(401)
  })

  test("has been refused nothing by the API server", () => {
    expect(first.said.filter((line) => /forbidden|"status":40[13]/i.test(line))).toEqual([])
  })
})

test("what kubectl changes reaches the stream of the node, and its report the controller", async () => {
  const token = await agentToken(server, "node-a")
  const stream = await follow(first, { node: "node-a", token, ca })
  await server.client.create("/api/v1/namespaces/shop/pods", {
    metadata: { name: "web", labels: { app: "web" } },
    spec: { nodeName: "node-a", containers: [{ name: "main", image: "none" }] },
  })
  await eventually(
    () =>
      JSON.stringify(stream.messages().filter((each) => "bindings" in each && each.bindings?.length === 1)),
    (text) => text !== "[]",
    "the pod is announced before it has an address",
  )
  const podStatus = { phase: "Running", podIP: "10.0.1.7", podIPs: [{ ip: "10.0.1.7" }] }
  await server.client.patch(
    "/api/v1/namespaces/shop/pods/web/status",
    { status: podStatus },
    "application/merge-patch+json",
  )
  await eventually(
    () => JSON.stringify(stream.messages()),
    (text) => text.includes("10.0.1.7"),
    "its address comes",
  )
  const report = async (): Promise<readonly unknown[]> => {
    const revision = Math.max(...stream.messages().map((each) => ("revision" in each ? each.revision : 0)))
    const body = JSON.stringify(reportOf(revision))
    const answer = await ask(portOf(first), { path: path("node-a", "report"), token, body, ca })
    const node = first.controller.distributor.nodes().get("node-a")
    return [answer.status, (node?.desiredRevision ?? 0) - revision, (node?.report?.revision ?? 0) - revision]
  }
  // Another update may be under way.
  await expect.poll(report).toEqual([204, 0, 0])
})

test("a change of the settings renders every node anew, and a mistake changes nothing", async () => {
  const token = await agentToken(server, "node-a")
  const stream = await follow(first, { node: "node-a", token, ca })
  const before = enforcementIn(stream.messages())
  await setSettings({ logGroup: "7" })
  await eventually(
    () => enforcementIn(stream.messages()),
    (digest) => digest !== "" && digest !== before,
    "another ruleset comes",
  )
  const count = stream.messages().length
  await setSettings({ logGroup: "none", midStream: "accept" })
  const told = await eventually(
    () => must(server, ["get", "events", "-n", NAMESPACE, "-o", "jsonpath={.items[*].message}"]),
    (text) => text.includes("PNP0203 data.logGroup"),
    "the mistake is an event of the ConfigMap",
  )
  expect(told).toContain("The last good settings stay in force.")
  const changes = stream
    .messages()
    .slice(count)
    .filter(({ kind }) => kind === "ruleset" || kind === "update")
  expect(changes).toEqual([])
  await setSettings({ logGroup: "100", midStream: "drop" })
})

describe("without ConfigMap postern", () => {
  const configMaps = `/api/v1/namespaces/${NAMESPACE}/configmaps`
  let data: unknown

  beforeAll(async () => {
    data = recordIn(await server.client.get(`${configMaps}/postern`), "data")
    await server.client.delete(`${configMaps}/postern`)
  })

  test("a replica that runs keeps the last settings, and an Event says so", async () => {
    const told = await eventually(
      () => must(server, ["get", "events", "-n", NAMESPACE, "-o", "jsonpath={.items[*].reason}"]),
      (reasons) => reasons.includes("SettingsGone"),
      "there is an Event",
    )
    expect(told).toContain("SettingsGone")
    expect((await fetch(`http://127.0.0.1:${first.controller.healthPort}/readyz`)).status).toBe(200)
    expect(await status(first, await agentToken(server, "node-a"))).toBe(200)
  })

  test("a replica that starts is not ready and takes no agents until there is one", async () => {
    const second = await beginController(server, "replica-2")
    try {
      const readiness = async (): Promise<string> => {
        const { healthPort } = second.controller
        if (healthPort === undefined) return ""
        return await (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).text()
      }
      const said = await eventually(
        readiness,
        (text) => text.includes("ConfigMap postern in namespace"),
        "it says what is missing",
      )
      expect(said).toContain(
        `kubectl create configmap postern -n ${NAMESPACE} --from-literal=enforcement=observe`,
      )
      expect(second.said.some((line) => line.includes("there is no ConfigMap postern"))).toBe(true)
      expect(second.controller.port).toBeUndefined()
      await server.client.create(configMaps, { metadata: { name: "postern" }, data })
      await second.started
      expect(await readiness()).toBe("ok\n")
    } finally {
      await second.stop()
    }
  })
})

test("a Secret that is deleted is made anew, and served without a restart", async () => {
  const token = await agentToken(server, "node-a")
  const stream = await follow(first, { node: "node-a", token, ca })
  const before = ca
  await server.client.delete(`/api/v1/namespaces/${NAMESPACE}/secrets/postern-tls`)
  ca = await eventually(
    () => trusted(server),
    (bundle) => bundle !== before,
    "another authority is published",
  )
  const answers = async (authority: string): Promise<number> => {
    const asked = { path: path("node-a", "report"), token, body: JSON.stringify(reportOf(1)), ca: authority }
    return await ask(portOf(first), asked).then(
      (answer) => answer.status,
      () => 0,
    )
  }
  await eventually(
    () => answers(ca),
    (code) => code === 204,
    "the new certificate is served",
  )
  expect(await answers(before)).toBe(0)
  const told = (): number => stream.messages().filter(({ kind }) => kind === "replicas").length
  const toldBefore = told()
  first.controller.distributor.setReplicas(["127.0.0.1:1"])
  await eventually(told, (count) => count > toldBefore, "the stream goes on")
})

test("a Secret that cannot be read is left alone, and what was served is served on", async () => {
  const secrets = `/api/v1/namespaces/${NAMESPACE}/secrets/postern-tls`
  const good = await server.client.get(secrets)
  const data = recordIn(good, "data")
  const patch = (changed: unknown) =>
    server.client.patch(secrets, { data: changed }, "application/merge-patch+json")
  await patch({ "ca.key": Buffer.from("lost").toString("base64") })
  await eventually(
    () => first.said.some((line) => line.includes("ca.key is no private key")),
    (told) => told,
    "the log says what is wrong",
  )
  expect(await status(first, await agentToken(server, "node-a"))).toBe(200)
  expect(recordIn(await server.client.get(secrets), "data")["ca.key"]).toBe(
    Buffer.from("lost").toString("base64"),
  )
  await patch(data)
})
