import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http"
import { createServer as createTlsServer } from "node:https"
import { TLSSocket } from "node:tls"
import { afterEach, expect, test } from "vitest"
import { createAuthority } from "../../test/api-server/certificates.ts"
import { AnswerTooLargeError, ApiError, ConnectionError } from "./api-error.ts"
import { type ClientOptions, createKubernetesClient, type KubernetesClient } from "./client.ts"
import type { Credentials } from "./cluster-config.ts"

const ends: (() => void)[] = []

afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

function clientOf(
  server: string,
  credentials: (refresh: boolean) => Promise<Credentials>,
  options: ClientOptions = {},
): KubernetesClient {
  const client = createKubernetesClient({ server, credentials }, { timeoutMs: 10_000, ...options })
  ends.push(() => void client.close())
  return client
}

async function served(answer: RequestListener, options: ClientOptions = {}): Promise<KubernetesClient> {
  const port = await listening(createServer(answer))
  return clientOf(`http://127.0.0.1:${port}`, async () => ({ headers: {}, tls: {} }), options)
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync<Buffer>(request)).toString()
}

const echo: RequestListener = (request, response) => {
  const { method, url, headers } = request
  const answer = async (): Promise<void> => {
    json(response, { method, url, type: headers["content-type"], body: await bodyOf(request) })
  }
  void answer()
}

test.for<[string, (client: KubernetesClient) => Promise<unknown>, unknown]>([
  [
    "a query",
    (client) => client.get("/api/v1/pods", { limit: 5, watch: undefined, labelSelector: "a=b,c" }),
    { method: "GET", url: "/api/v1/pods?limit=5&labelSelector=a%3Db%2Cc", body: "" },
  ],
  [
    "a path with a query of its own",
    (client) => client.delete("/api/v1/x?gracePeriodSeconds=0"),
    { method: "DELETE", url: "/api/v1/x?gracePeriodSeconds=0", body: "" },
  ],
  [
    "a creation",
    (client) => client.create("/api/v1/x", { a: 1 }),
    { method: "POST", url: "/api/v1/x", type: "application/json", body: '{"a":1}' },
  ],
  [
    "a replacement",
    (client) => client.replace("/api/v1/x", { a: 1 }),
    { method: "PUT", url: "/api/v1/x", type: "application/json", body: '{"a":1}' },
  ],
  [
    "a patch",
    (client) => client.patch("/api/v1/x", { a: null }, "application/merge-patch+json"),
    { method: "PATCH", url: "/api/v1/x", type: "application/merge-patch+json", body: '{"a":null}' },
  ],
])("%s is sent as it was given", async ([, ask, expected]) => {
  expect(await ask(await served(echo))).toEqual(expected)
})

test.for<[string, RequestListener, object]>([
  [
    "a Status",
    (_, response) =>
      json(response, { kind: "Status", message: "no such pod", reason: "NotFound", code: 404 }, 404),
    { status: 404, reason: "NotFound", message: "no such pod" },
  ],
  [
    "a Status that says when to come back",
    (_, response) => json(response, { message: "busy", details: { retryAfterSeconds: 3 } }, 504),
    { status: 504, retryAfterSeconds: 3 },
  ],
  [
    "a header that says when to come back",
    (_, response) => void response.writeHead(429, { "retry-after": "7" }).end("too many"),
    { status: 429, retryAfterSeconds: 7, reason: "" },
  ],
  [
    "a proxy's page",
    (_, response) => void response.writeHead(502).end("<html>"),
    { status: 502, message: "GET /api/v1/x: HTTP status 502" },
  ],
  [
    "an endless page",
    (_, response) => void response.writeHead(500).end("x".repeat(3_000_000)),
    { status: 500 },
  ],
])("an error is an ApiError: %s", async ([, answer, expected]) => {
  const error = await (await served(answer)).get("/api/v1/x").catch((each: unknown) => each)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject(expected)
})

test.for<[string, RequestListener]>([
  ["a connection that breaks", (request) => void request.socket.destroy()],
  ["half an answer", (_, response) => void response.writeHead(200).write('{"a":', () => response.destroy())],
  ["an answer that is no JSON", (_, response) => void response.end("ok")],
  ["no answer in time", () => undefined],
  ["half an answer in time", (_, response) => void response.writeHead(200).write('{"a":')],
])("no whole answer is a ConnectionError: %s", async ([, answer]) => {
  const client = await served(answer, { timeoutMs: 700 })
  await expect(client.get("/api/v1/x")).rejects.toBeInstanceOf(ConnectionError)
})

test("nobody there is a ConnectionError", async () => {
  const client = clientOf("http://127.0.0.1:1", async () => ({ headers: {}, tls: {} }))
  await expect(client.get("/api/v1/x")).rejects.toBeInstanceOf(ConnectionError)
})

test("an answer or a line that is too long is not held", async () => {
  const long: RequestListener = (_, response) => void response.end(`"${"x".repeat(2000)}"\n`)
  const client = await served(long, { maximumAnswerBytes: 1000, maximumLineBytes: 1000 })
  await expect(client.get("/api/v1/x")).rejects.toBeInstanceOf(AnswerTooLargeError)
  const lines = Array.fromAsync(client.watch("/api/v1/x", {}, new AbortController().signal))
  await expect(lines).rejects.toBeInstanceOf(AnswerTooLargeError)
})

test("a list is read page by page", async () => {
  const client = await served((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://server")
    const page = Number(searchParams.get("continue") ?? 0)
    json(response, {
      metadata: page < 2 ? { continue: String(page + 1) } : {},
      items: [page, searchParams.get("limit")],
    })
  })
  expect(await client.list("/api/v1/x")).toEqual([0, "500", 1, "500", 2, "500"])
})

test("a refused credential is asked for again, once", async () => {
  const seen: string[] = []
  const port = await listening(
    createServer(({ headers }, response) => {
      seen.push(headers.authorization ?? "")
      json(response, {}, headers.authorization === "new" ? 200 : 401)
    }),
  )
  const renewed = clientOf(`http://127.0.0.1:${port}`, async (refresh) => ({
    headers: { authorization: refresh ? "new" : "old" },
    tls: {},
  }))
  expect(await renewed.get("/api/v1/x")).toEqual({})
  const stale = clientOf(`http://127.0.0.1:${port}`, async () => ({
    headers: { authorization: "old" },
    tls: {},
  }))
  await expect(stale.get("/api/v1/x")).rejects.toMatchObject({ status: 401 })
  expect(seen).toEqual(["old", "new", "old", "old"])
})

test("a watch gives whole lines, and ends with the stream", async () => {
  const client = await served((request, response) => {
    expect(request.url).toBe("/api/v1/x?resourceVersion=5&watch=true")
    response.write('{"a":1}\n{"b"')
    setImmediate(() => response.end(":2}\nhalf"))
  })
  const lines = client.watch("/api/v1/x", { resourceVersion: "5" }, new AbortController().signal)
  expect(await Array.fromAsync(lines)).toEqual(['{"a":1}', '{"b":2}'])
})

test("a watch that is silent for too long is broken", async () => {
  const client = await served((_, response) => void response.write('{"a":1}\n'))
  const seen: string[] = []
  const reading = (async () => {
    const options = { signal: new AbortController().signal, idleMs: 3_000 }
    for await (const line of client.watch("/api/v1/x", {}, options)) seen.push(line)
  })()
  await expect(reading).rejects.toBeInstanceOf(ConnectionError)
  expect(seen).toEqual(['{"a":1}'])
})

test.for<[string, (abort: AbortController, client: KubernetesClient) => void]>([
  ["its signal", (abort) => abort.abort()],
  ["the client's end", (_, client) => void client.close()],
])("a watch ends with %s", async ([, end]) => {
  const client = await served((_, response) => void response.write('{"a":1}\n'))
  const abort = new AbortController()
  const reading = (async () => {
    for await (const _ of client.watch("/api/v1/x", {}, abort.signal)) end(abort, client)
  })()
  await expect(reading).rejects.toBeInstanceOf(ConnectionError)
})

test("certificates are checked, and new ones are used from the next request on", async () => {
  const [authority, stranger] = await Promise.all([createAuthority("a"), createAuthority("a")])
  const { certificate: cert, key } = await authority.issue({ name: "a server", names: ["127.0.0.1"] })
  const server = createTlsServer({ cert, key, ca: authority.certificate, requestCert: true })
  server.on("request", (request, response) => {
    const { socket } = request
    json(response, socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : "no TLS")
  })
  const port = await listening(server)
  let tls: Credentials["tls"] = { ca: stranger.certificate }
  const client = clientOf(`https://127.0.0.1:${port}`, async () => ({ headers: {}, tls }))
  await expect(client.get("/api/v1/x")).rejects.toBeInstanceOf(ConnectionError)
  for (const name of ["alice", "bob"]) {
    const user = await authority.issue({ name })
    tls = { ca: authority.certificate, cert: user.certificate, key: user.key }
    expect(await client.get("/api/v1/x")).toBe(`CN=${name}`)
  }
})
