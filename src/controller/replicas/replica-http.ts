// Requests to another replica: HTTPS to an address, checked against our authority and the controller's name.

import { Agent } from "undici"
import type { Posted } from "./news-sender.ts"
import { NEWS_PATH, type ReplicaNews } from "./replica-news.ts"

export interface ReplicaHttpOptions {
  /** PEM of whom to trust; "" before there is one. */
  readonly authorities: () => string
  readonly token: () => string
  readonly timeoutMs?: number
}

export interface ReplicaHttp {
  post(peer: string, news: ReplicaNews, signal: AbortSignal): Promise<Posted>
  close(): Promise<void>
}

const TIMEOUT_MS = 10_000
const CONFLICT = 409

export function createReplicaHttp({
  authorities,
  token,
  timeoutMs = TIMEOUT_MS,
}: ReplicaHttpOptions): ReplicaHttp {
  let agent: Agent | undefined
  let trusted = ""
  const agentFor = (ca: string): Agent => {
    if (agent !== undefined && ca === trusted) return agent
    void agent?.close()
    trusted = ca
    agent = new Agent({
      connect: { ca, servername: "postern-controller", minVersion: "TLSv1.3", timeout: timeoutMs },
    })
    return agent
  }
  return {
    post: async (peer, news, signal) => {
      const ca = authorities()
      if (ca === "" || token() === "") return "failed"
      try {
        const { statusCode, body } = await agentFor(ca).request({
          origin: `https://${peer}`,
          path: NEWS_PATH,
          method: "POST",
          headers: { authorization: `Bearer ${token()}`, "content-type": "application/json" },
          body: JSON.stringify(news),
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        })
        await body.dump()
        if (statusCode === CONFLICT) return "missed"
        return statusCode < 300 ? "taken" : "failed"
      } catch {
        return "failed"
      }
    },
    close: async () => {
      await agent?.destroy()
    },
  }
}
