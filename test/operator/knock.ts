import { request } from "node:https"

/** The status of an agent's first request. */
export function knock(port: number, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const options = {
    port,
    host: "127.0.0.1",
    path: "/v1/nodes/node1/report",
    method: "POST",
    rejectUnauthorized: false,
  }
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const sent = request({ ...options, headers }, (answer) => {
    answer.resume()
    resolve(answer.statusCode ?? 0)
  })
  sent.on("error", reject)
  sent.end("{}")
  return promise
}
