// The other end of bench/admission: asks each review alone, and then all of them at once over a few connections.

import { Agent, request } from "node:https"
import { performance } from "node:perf_hooks"

export interface Load {
  readonly port: number
  readonly ca: string
  readonly name: string
  readonly reviews: readonly string[]
  readonly connections: number
}

export interface Loaded {
  readonly milliseconds: readonly number[]
  readonly different: number
}

process.once("message", (load: Load) => {
  void run(load)
})

async function run(load: Load): Promise<void> {
  const alone: string[] = []
  const one = new Agent({ keepAlive: true, maxSockets: 1 })
  for (const review of load.reviews) alone.push(await ask(load, review, one))
  one.destroy()
  process.once("message", () => void runTogether(load, alone))
  process.send?.({ milliseconds: [], different: 0 } satisfies Loaded)
}

async function runTogether(load: Load, alone: readonly string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const milliseconds: number[] = []
  const together = [...load.reviews]
  let different = 0
  let next = 0
  const follow = async (): Promise<void> => {
    for (let i = next++; i < together.length; i = next++) {
      const began = performance.now()
      const answer = await ask(load, together[i] ?? "", agent)
      milliseconds.push(performance.now() - began)
      if (answer !== alone[i]) different++
    }
  }
  await Promise.all(Array.from({ length: load.connections }, follow))
  agent.destroy()
  process.send?.({ milliseconds, different } satisfies Loaded)
}

function ask({ port, ca, name }: Load, review: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(review) }
    const options = {
      host: "127.0.0.1",
      port,
      path: "/validate",
      method: "POST",
      ca,
      servername: name,
      agent,
      headers,
    }
    const sent = request(options, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.on("end", () => resolve(text))
    })
    sent.on("error", reject).end(review)
  })
}
