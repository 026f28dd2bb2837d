// Asks a replica for a stream from the network namespace of this process, and prints its answer as JSON. Arguments:
// address, port, node, a directory with ca.crt and token, the body.

import { readFileSync } from "node:fs"
import { request } from "node:https"
import { join } from "node:path"

const [host = "", port = "", node = "", directory = "", body = ""] = process.argv.slice(2)

const asking = request({
  host,
  port,
  method: "POST",
  path: `/v1/nodes/${node}/stream`,
  ca: readFileSync(join(directory, "ca.crt")),
  servername: "postern-controller",
  headers: {
    "content-type": "application/json",
    authorization: `Bearer ${readFileSync(join(directory, "token"), "utf8")}`,
  },
})
asking.on("response", (answer) => {
  let text = ""
  answer.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk
  })
  answer.on("end", () => process.stdout.write(JSON.stringify({ status: answer.statusCode, text })))
})
asking.end(body)
