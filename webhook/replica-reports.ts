// Reports that another replica has: GET /replica/reports/KEY on its admission port, by a token that only replicas can make.

import { Agent } from "undici"
import type { ImpactReport } from "../src/api/impact-report.ts"
import { createReplicaTokens, type ReplicaTokens } from "../src/controller/replicas/replica-token.ts"
import { readText } from "../src/kubernetes/body.ts"
import { isKey, type ReportStore } from "./reports.ts"
import type { TlsListener } from "./tls-listener.ts"

const PATH = "/replica/reports/"
/** Somebody waits at a terminal. */
const TIMEOUT_MS = 2_000
const MOST_PEERS = 16
const MOST_BYTES = 16 * 1024 * 1024

export interface ReplicaReportsOptions {
  /** Of the certificate that replicas serve. */
  readonly serverName: string
  readonly onError?: (error: unknown) => void
}

export interface ReplicaReports {
  /** PEM: the key of the serving certificate, and whom to trust. */
  setMaterial(key: string, authorities: string): void
  /** "address:port" of the replicas, this one among them. */
  setPeers(peers: readonly string[]): void
  /** Undefined where no replica has it, or none answers. */
  find(key: string): Promise<ImpactReport | undefined>
  accepts(token: string): boolean
  close(): Promise<void>
}

export function createReplicaReports({ serverName, onError }: ReplicaReportsOptions): ReplicaReports {
  const tokens: ReplicaTokens = createReplicaTokens()
  let agent: Agent | undefined
  let trusted = ""
  let peers: readonly string[] = []
  const ask = async (peer: string, key: string, signal: AbortSignal): Promise<ImpactReport> => {
    if (agent === undefined) throw new Error("there is no certificate yet")
    const { statusCode, body } = await agent.request({
      origin: `https://${peer}`,
      path: `${PATH}${key}`,
      method: "GET",
      headers: { authorization: `Bearer ${tokens.token}` },
      signal,
    })
    const text = await readText(body, MOST_BYTES, "a report of another replica")
    if (statusCode === 404) throw new NotThere()
    if (statusCode !== 200) throw new Error(`replica ${peer} answers ${statusCode}`)
    const report: ImpactReport = JSON.parse(text)
    return report
  }
  return {
    setMaterial: (key, authorities) => {
      tokens.setKey(key)
      if (authorities === trusted) return
      trusted = authorities
      void agent?.close()
      agent = new Agent({
        connect: { ca: authorities, servername: serverName, minVersion: "TLSv1.3", timeout: TIMEOUT_MS },
      })
    },
    setPeers: (known) => {
      peers = known.slice(0, MOST_PEERS)
    },
    find: async (key) => {
      const stopping = new AbortController()
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)])
      const asked = peers.map(async (peer) => {
        try {
          return await ask(peer, key, signal)
        } catch (error) {
          if (!(error instanceof NotThere) && !stopping.signal.aborted) onError?.(error)
          throw error
        }
      })
      try {
        return await Promise.any(asked)
      } catch {
        return undefined
      } finally {
        stopping.abort()
      }
    },
    accepts: (token) => tokens.accepts(token),
    close: async () => {
      await agent?.destroy()
    },
  }
}

class NotThere extends Error {}

const BEARER = /^Bearer (\S+)$/

/** This replica answers the others. */
export function serveReports(
  app: TlsListener,
  reports: Pick<ReportStore, "local">,
  replicas: Pick<ReplicaReports, "accepts">,
): void {
  app.get(`${PATH}:key`, async (request, reply) => {
    const [, token = ""] = BEARER.exec(request.headers.authorization ?? "") ?? []
    if (!replicas.accepts(token)) return await reply.code(401).send({})
    const key = request.url.slice(PATH.length)
    const report = isKey(key) ? reports.local(key) : undefined
    if (report === undefined) return await reply.code(404).send({})
    return await reply.code(200).send(report)
  })
}
