// The admission server on its port: certificates, connections that are held, its end.

import { X509Certificate } from "node:crypto"
import { Agent, request as httpsRequest } from "node:https"
import { setTimeout } from "node:timers/promises"
import { connect, TLSSocket } from "node:tls"
import { afterEach, expect, test } from "vitest"
import { policy, reviewText } from "./admission/test-reviews.ts"
import type { AdmissionServer } from "./admission-server.ts"
import { authority, createTestServer, json, NAME, PATH, pair } from "./test-server.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(...admit: Parameters<typeof createTestServer>): Promise<AdmissionServer> {
  const { server } = await createTestServer(...admit)
  closing.push(() => server.close())
  return server
}

const ask = (port: number, payload: string, agent: Agent | false = false) =>
  new Promise<{ readonly status: number; readonly serial: string }>((resolve, reject) => {
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        port,
        path: PATH,
        method: "POST",
        agent,
        ca: authority.certificate,
        servername: NAME,
        headers: { ...json, "content-length": Buffer.byteLength(payload) },
      },
      (response) => {
        const { socket } = response
        const serial = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : ""
        response.resume().on("end", () => resolve({ status: response.statusCode ?? 0, serial }))
      },
    )
    request.on("error", reject).end(payload)
  })

test("a renewed certificate is what new connections see, while requests go on", async () => {
  const server = await serve()
  const port = await server.listen("127.0.0.1", 0)
  const run = { isOver: false }
  const statuses = new Set<number>()
  const going = (async () => {
    while (!run.isOver) statuses.add((await ask(port, reviewText())).status)
  })()
  const before = (await ask(port, reviewText())).serial
  const renewed = await pair()
  server.setCertificate(renewed)
  const after = (await ask(port, reviewText())).serial
  run.isOver = true
  await going
  expect(after).toBe(new X509Certificate(renewed.certificate).serialNumber)
  expect(after).not.toBe(before)
  expect([...statuses]).toEqual([200])
})

test("who begins large bodies and does not go on keeps nobody out who sends little", async () => {
  const server = await serve()
  const port = await server.listen("127.0.0.1", 0)
  const begun = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = connect({ host: "127.0.0.1", port, ca: authority.certificate, servername: NAME })
      socket.on("error", () => undefined)
      const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))))
      socket.write(
        `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 8000000\r\n\r\n{`,
      )
      return { socket, answered }
    }),
  )
  const refused = await Promise.race(begun.map(({ answered }) => answered))
  expect(refused).toMatch(/^HTTP\/1\.1 429 /)
  expect((await ask(port, reviewText())).status).toBe(200)
  for (const { socket } of begun) socket.destroy()
  // What they had is free again.
  const large = reviewText({
    object: policy({ podSelector: {} }, { annotations: { a: "x".repeat(1_000_000) } }),
  })
  await expect.poll(async () => (await ask(port, large)).status, { timeout: 30_000 }).toBe(200)
})

test("a connection that was never used, or is kept for later, does not keep the server from ending", async () => {
  const server = await serve()
  const port = await server.listen("127.0.0.1", 0)
  const unused = connect({ host: "127.0.0.1", port, ca: authority.certificate, servername: NAME })
  unused.on("error", () => undefined)
  await new Promise((resolve) => unused.once("secureConnect", resolve))
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  expect((await ask(port, reviewText(), kept)).status).toBe(200)
  await server.close()
  kept.destroy()
  unused.destroy()
})

test("a request that has come is answered where the server ends", async () => {
  const held = Promise.withResolvers<void>()
  const came = Promise.withResolvers<void>()
  const server = await serve(async () => {
    came.resolve()
    await held.promise
    return { allowed: true, warnings: [] }
  })
  const port = await server.listen("127.0.0.1", 0)
  const answer = ask(port, reviewText())
  await came.promise
  const closed = server.close()
  // Time enough to close what should not be closed.
  await setTimeout(200)
  held.resolve()
  expect((await answer).status).toBe(200)
  await closed
})

test.for<[string, string, number]>([
  ["of the API server is told of, once", PATH, 1],
  ["of somebody else is not", "/validate", 0],
])("a call that is broken off %s", async ([, path, expected]) => {
  const came = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  let broken = 0
  const server = await serve(
    async () => {
      came.resolve()
      await gone.promise
      return { allowed: true, warnings: [] }
    },
    () => void broken++,
  )
  const closed = new Promise<void>((resolve) => {
    server.app.addHook("onRequest", async (_request, reply) => void reply.raw.once("close", resolve))
  })
  const port = await server.listen("127.0.0.1", 0)
  const payload = reviewText()
  const headers = { ...json, "content-length": Buffer.byteLength(payload) }
  const where = { host: "127.0.0.1", port, path, ca: authority.certificate, servername: NAME }
  const call = httpsRequest({ ...where, method: "POST", agent: false, headers })
  call.on("error", () => undefined).end(payload)
  await came.promise
  call.destroy()
  await closed
  gone.resolve()
  expect((await ask(port, payload)).status).toBe(200)
  expect(broken).toBe(expected)
})
