// A port of loopback in the network namespace of this process that leads to a unix socket, which knows no namespaces:
// argument 1. Prints the port.

import { connect, createServer, type Socket } from "node:net"
import { pipeline } from "node:stream/promises"

const path = process.argv[2] ?? ""

const server = createServer((socket) => {
  const through = connect({ path })
  for (const end of [socket, through]) {
    end.on("error", () => {
      socket.destroy()
      through.destroy()
    })
  }
  void relay(socket, through)
})
server.listen(0, "127.0.0.1", () => {
  const bound = server.address()
  process.stdout.write(`${typeof bound === "object" && bound !== null ? bound.port : 0}\n`)
})

async function relay(socket: Socket, through: Socket): Promise<void> {
  await Promise.allSettled([pipeline(socket, through), pipeline(through, socket)])
  socket.destroy()
  through.destroy()
}

// Ends with whoever has started it.
process.stdin.on("end", () => process.exit()).resume()
