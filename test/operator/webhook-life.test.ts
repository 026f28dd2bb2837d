// The webhook over time: certificates that are renewed, restarts, and who may ask it at all.

import { X509Certificate } from "node:crypto"
import { request as httpsRequest } from "node:https"
import { connect } from "node:tls"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { recordIn } from "../../src/api/conforms.ts"
import { at, texts } from "../manifest.ts"
import { eventually } from "./status-stage.ts"
import { NAMESPACE, readiness, startWebhookProcess } from "./webhook-stage.ts"
import { CONFIGURATION, DRY, denyAll, startTown, type Town } from "./webhook-town.ts"

let town: Town
const kubectl: Town["kubectl"] = (words, input) => town.kubectl(words, input)

beforeAll(async () => {
  town = await startTown()
})

afterAll(async () => {
  await town?.stop()
})

test("who reaches the port and claims to be somebody is told nothing of the cluster", async () => {
  const request = {
    uid: "1",
    kind: { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy" },
    namespace: "shop",
    name: "deny-all",
    operation: "CREATE",
    userInfo: { username: "admin", groups: ["system:masters"] },
    object: denyAll,
  }
  const body = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request })
  const answer = await new Promise<string>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: town.stage.port,
      path: "/validate",
      method: "POST",
      rejectUnauthorized: false,
    }
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
    const sent = httpsRequest({ ...options, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.on("end", () => resolve(text))
    })
    sent.on("error", reject).end(body)
  })
  const response = recordIn(JSON.parse(answer), "response")
  expect(response).toMatchObject({ allowed: true, warnings: [expect.stringMatching(/^analysis skipped: /)] })
})

describe("certificates", () => {
  test("whatever takes the authority out of the configuration, it comes back", async () => {
    const before = await town.bundles()
    const patch = Object.keys(before).map((_, i) => ({
      op: "remove",
      path: `/webhooks/${i}/clientConfig/caBundle`,
    }))
    await town.server.client.patch(CONFIGURATION, patch, "application/json-patch+json")
    expect(
      await eventually(
        () => town.bundles(),
        (now) => Object.values(now).every((each) => each !== ""),
        "it is back",
      ),
    ).toEqual(before)
  })

  test("a renewed certificate is served without a restart, and reviews are answered all the while", async () => {
    const before = await servedSerial()
    const run = { isOver: false }
    const failures: string[] = []
    const going = (async () => {
      while (!run.isOver) {
        const { warnings } = await kubectl(DRY, denyAll)
        if (warnings.length === 0) failures.push("no warning")
      }
    })()
    // What is no certificate is replaced by one of the same authority.
    const secret = `/api/v1/namespaces/${NAMESPACE}/secrets/postern-webhook-tls`
    const data = { "tls.crt": Buffer.from("none").toString("base64") }
    await town.server.client.patch(secret, { data }, "application/merge-patch+json")
    await eventually(servedSerial, (serial) => serial !== before, "another certificate is served")
    await kubectl(DRY, denyAll)
    run.isOver = true
    await going
    expect(failures).toEqual([])
  })

  function servedSerial(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: town.stage.port, rejectUnauthorized: false }, () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber)
        socket.destroy()
      })
      socket.on("error", reject)
    })
  }
})

describe("restart", () => {
  const assertion = {
    apiVersion: "postern.dev/v1alpha1",
    kind: "ConnectivityAssertion",
    metadata: { name: "web-to-db", namespace: "shop" },
    spec: { from: "shop/web-1", to: "shop/db", ports: ["5432/TCP"], expect: "Allow" },
  }
  const paths = async (): Promise<readonly string[]> => {
    const urls = texts(at(await town.server.client.get(CONFIGURATION), "webhooks"), "clientConfig.url")
    return urls.map((each) => new URL(each).pathname)
  }

  test("while it is away changes are let in without a word; back again it knows everything", async () => {
    await town.running.stop()
    expect(await kubectl(DRY, denyAll)).toMatchObject({ status: 0, warnings: [] })
    const shown = await kubectl(DRY, assertion)
    expect([shown.status, shown.stderr]).toEqual([
      1,
      expect.stringContaining('failed calling webhook "assertions.postern.dev"'),
    ])
    town.running = await town.stage.begin()
    // The error has it, and it is no longer the one.
    const [path = ""] = /\/validate\/[0-9a-f]{44}/.exec(shown.stderr) ?? []
    expect(path).not.toBe("")
    await eventually(
      paths,
      (now) => now.every((each) => each !== path),
      "another path is in the configuration",
    )
    expect(new Set(await paths()).size).toBe(1)
    expect(await readiness(town.running.webhook)).toEqual({ status: 200, text: "ok\n" })
    expect((await kubectl(DRY, denyAll)).warnings[0]).toMatch(/^3 pods become ingress-isolated/)
  })

  test("as a process it answers until SIGTERM, and ends in good order", async () => {
    await town.running.stop()
    const { process: child, ended } = await startWebhookProcess(town.server, town.stage.port)
    try {
      const { warnings } = await eventually(
        () => kubectl(DRY, denyAll),
        (said) => said.warnings.some((each) => each.startsWith("3 pods become")),
        "the process knows the cluster",
      )
      expect(warnings.at(-1)).toContain("postern report")
      child.kill("SIGTERM")
      expect(await ended).toEqual([0, null])
    } finally {
      child.kill("SIGKILL")
      town.running = await town.stage.begin()
    }
  })
})
