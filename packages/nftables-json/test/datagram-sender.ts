// Runs inside a network namespace: sends the single packets that lines of its input ask for.

import { createSocket, type Socket } from "node:dgram"
import { connect } from "node:net"
import { createInterface } from "node:readline"

export interface SendRequest {
  /** "syn" starts a TCP connection and forgets it before the first packet is repeated. */
  readonly kind: "datagram" | "syn"
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
}

const sockets = new Map<string, Promise<Socket>>()

for await (const line of createInterface({ input: process.stdin })) {
  const request: SendRequest = JSON.parse(line)
  if (request.kind === "syn") await startConnection(request)
  else await sendDatagram(request)
  process.stdout.write("sent\n")
}
for (const socket of sockets.values()) (await socket).close()

async function sendDatagram(request: SendRequest): Promise<void> {
  const socket = await boundSocket(request.source, request.sourcePort)
  await new Promise<void>((resolve) => {
    socket.send("x", request.destinationPort, request.destination, () => resolve())
  })
}

function boundSocket(address: string, port: number): Promise<Socket> {
  const key = `${address} ${port}`
  const known = sockets.get(key)
  if (known !== undefined) return known
  const opened = new Promise<Socket>((resolve, reject) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4")
    socket.once("error", reject)
    socket.bind(port, address, () => resolve(socket))
  })
  sockets.set(key, opened)
  return opened
}

/** The first retransmission comes after a second. */
async function startConnection(request: SendRequest): Promise<void> {
  const socket = connect({
    host: request.destination,
    port: request.destinationPort,
    localAddress: request.source,
    localPort: request.sourcePort,
  })
  socket.on("error", () => undefined)
  await new Promise((resolve) => setTimeout(resolve, 5))
  socket.destroy()
}
