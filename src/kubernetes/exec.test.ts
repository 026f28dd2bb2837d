// Commands in containers, against a server that speaks what the API server does.

import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { Duplex } from "node:stream"
import { afterEach, expect, test } from "vitest"
import { createPodExec, type ExecResult } from "./exec.ts"

type Message = readonly [channel: number, text: string]

interface Asked {
  readonly url: string
  readonly protocols: string
  readonly authorization: string
}

interface FakeServer {
  readonly url: string
  readonly asked: Asked[]
  stop(): Promise<void>
}

const servers: FakeServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

/** RFC 6455, as far as a server that only talks needs it. "hang" never ends. */
async function serve(
  messages: readonly Message[],
  end: "close" | "hang" | "refuse" = "close",
): Promise<FakeServer> {
  const asked: Asked[] = []
  const sockets = new Set<Duplex>()
  const server: Server = createServer()
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket)
    const { headers, url = "" } = request
    const protocols = headers["sec-websocket-protocol"] ?? ""
    asked.push({ url, protocols, authorization: headers.authorization ?? "" })
    if (end === "refuse") return void socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
    const [protocol] = protocols.split(",")
    const accept = createHash("sha1")
      .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64")
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`,
    )
    for (const [channel, text] of messages)
      socket.write(frame(0x82, Buffer.from(`\0${text}`).fill(channel, 0, 1)))
    if (end === "close") socket.end(frame(0x88, Buffer.from([0x03, 0xe8])))
    socket.on("error", () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : 0
  const made: FakeServer = {
    url: `http://127.0.0.1:${port}`,
    asked,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  servers.push(made)
  return made
}

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const head = length < 126 ? [opcode, length] : [opcode, 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), payload])
}

async function run({ url }: FakeServer, timeoutMs = 20_000): Promise<ExecResult> {
  const exec = createPodExec({
    server: url,
    credentials: async () => ({ headers: { authorization: "Bearer secret" }, tls: {} }),
  })
  try {
    return await exec.run({
      namespace: "ns",
      pod: "pod-1",
      container: "agent",
      command: ["say", "a b"],
      timeoutMs,
    })
  } finally {
    await exec.close()
  }
}

const success = '{"status":"Success"}'
const exitCode = (code: number): string =>
  JSON.stringify({
    status: "Failure",
    message: "x",
    details: { causes: [{ reason: "ExitCode", message: `${code}` }] },
  })

test.for<readonly [string, readonly Message[], ExecResult]>([
  [
    "a command that succeeds",
    [
      [1, "yes\n"],
      [3, success],
    ],
    { status: 0, stdout: "yes\n", stderr: "" },
  ],
  [
    "what it says comes in pieces, also of a letter",
    [
      [1, "a"],
      [2, "x"],
      [1, "b"],
      [3, success],
    ],
    { status: 0, stdout: "ab", stderr: "x" },
  ],
  [
    "a command that fails",
    [
      [2, "no"],
      [3, exitCode(7)],
    ],
    { status: 7, stdout: "", stderr: "no" },
  ],
  [
    "a command that there is not",
    [[3, JSON.stringify({ status: "Failure", message: "no such file" })]],
    { status: 126, stdout: "", stderr: "no such file" },
  ],
])("%s", async ([, messages, expected]) => {
  expect(await run(await serve(messages))).toEqual(expected)
})

test("it asks for the command with the container, as who it is", async () => {
  const server = await serve([[3, success]])
  await run(server)
  expect(server.asked).toEqual([
    {
      url: "/api/v1/namespaces/ns/pods/pod-1/exec?container=agent&stdout=true&stderr=true&command=say&command=a+b",
      protocols: "v5.channel.k8s.io, v4.channel.k8s.io",
      authorization: "Bearer secret",
    },
  ])
})

test("much is cut, and nothing is lost of how it ended", async () => {
  const pieces = Array.from({ length: 200 }, (): Message => [1, "x".repeat(1_000)])
  const { status, stdout } = await run(await serve([...pieces, [3, exitCode(1)]]))
  expect(status).toBe(1)
  expect(stdout.length).toBeLessThan(70_000)
})

test.for<readonly [string, readonly Message[], "close" | "hang" | "refuse", RegExp]>([
  ["it was refused", [], "refuse", /exec in pod ns\/pod-1: /],
  ["it ended without saying how", [[1, "yes"]], "close", /ended without a word/],
  ["it did not end", [[1, "yes"]], "hang", /no end within 300 ms/],
])("an error that names the pod: %s", async ([, messages, end, expected]) => {
  await expect(run(await serve(messages, end), end === "hang" ? 300 : 20_000)).rejects.toThrow(expected)
})

test("a server that is not there is an error", async () => {
  const server = await serve([])
  await server.stop()
  await expect(run(server)).rejects.toThrow(/ECONNREFUSED|exec in pod/)
})
