// The agents' server on loopback, with a TokenReview that knows the tokens it is told.

import { request as httpsRequest } from "node:https"
import { createEngine } from "../../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../../src/compile/ruleset/options.ts"
import { type AgentServer, createAgentServer } from "../../../src/controller/agent-server.ts"
import { createAuthenticator } from "../../../src/controller/authentication.ts"
import type { DistributionEvent } from "../../../src/controller/distribution-event.ts"
import { createDistributor, type Distributor } from "../../../src/controller/distributor.ts"
import { createAuthority, issueCertificate, type KeyPair } from "../../../src/controller/x509.ts"
import { lower } from "../../../src/kinds/registry.ts"
import { ConnectionError } from "../../../src/kubernetes/api-error.ts"
import type { KubernetesClient } from "../../../src/kubernetes/client.ts"
import { type ControllerMessage, PROTOCOL_VERSION, type StreamRequest } from "../../../src/wire/messages.ts"
import { node } from "../../snapshots.ts"

const hour = 3_600_000
const validity = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + hour) }
export const authority = await createAuthority("postern-ca", validity)

export async function servingPair(by: KeyPair = authority): Promise<KeyPair> {
  return await issueCertificate(by, {
    commonName: "postern-controller",
    names: ["postern-controller"],
    usages: ["server"],
    ...validity,
  })
}

export const agentUser = (node: string): object => ({
  username: "system:serviceaccount:postern-system:postern-agent",
  extra: { "authentication.kubernetes.io/node-name": [node] },
})

export const authenticated = (
  user: object,
  audiences: readonly string[] = ["postern-controller"],
): object => ({
  authenticated: true,
  audiences,
  user,
})

/** No signature: the TokenReview of these tests judges by the text. */
export function token(name: string, expiresInSeconds = 3_600): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part({ alg: "none" })}.${part({ sub: name, exp: Math.floor(Date.now() / 1000) + expiresInSeconds })}.c2ln`
}

export const AHEAD = "ahead of the replica"
export const PEERS = "/v1/replicas/news"
export const PEER_TOKEN = "a-token-that-replicas-share"

export interface LoopbackServer {
  readonly server: AgentServer
  readonly distributor: Distributor
  readonly events: readonly DistributionEvent[]
  /** What the server has told of its own faults. */
  readonly errors: readonly unknown[]
  readonly port: number
  /** Statuses of TokenReviews by token; no answer where it is "down". */
  readonly reviews: Map<string, object>
  readonly api: { isDown: boolean; asked: number }
  close(): Promise<void>
}

export async function startLoopbackServer(): Promise<LoopbackServer> {
  const engine = createEngine({ lower })
  const events: DistributionEvent[] = []
  const distributor = createDistributor({
    engine,
    ruleset: defaultRulesetOptions,
    mergeMs: 0,
    onEvent: (event) => void events.push(event),
  })
  distributor.apply(["node-a", "node-b"].map((name) => ({ kind: "node", op: "set", value: node(name) })))
  const reviews = new Map<string, object>()
  const api = { isDown: false, asked: 0 }
  const client = { create: reviewing(reviews, api) }
  const { certificate, key } = await servingPair()
  const errors: unknown[] = []
  const server = createAgentServer({
    // As one that is behind everybody who says that he is ahead.
    history: { hasReached: async (asOf) => asOf !== AHEAD },
    onError: (error) => void errors.push(error),
    certificate: { certificate, key },
    authenticator: createAuthenticator({ client, namespace: "postern-system" }),
    distributor,
    version: "test",
    replicas: () => ["127.0.0.1:1"],
    self: () => ["127.0.0.1:1"],
    peers: { path: PEERS, accepts: (token) => token === PEER_TOKEN, take: () => 204 },
  })
  const port = await server.listen("127.0.0.1", 0)
  const close = async (): Promise<void> => {
    await distributor.close(0)
    await server.close()
  }
  return { server, distributor, events, errors, port, reviews, api, close }
}

function reviewing(
  reviews: ReadonlyMap<string, object>,
  api: { readonly isDown: boolean; asked: number },
): KubernetesClient["create"] {
  return async <T>(_path: string, body: unknown): Promise<T> => {
    api.asked++
    if (api.isDown) throw new ConnectionError("POST tokenreviews", new Error("no answer"))
    const asked: { readonly spec: { readonly token: string } } = JSON.parse(JSON.stringify(body))
    const status = reviews.get(asked.spec.token) ?? { authenticated: false }
    return JSON.parse(JSON.stringify({ status }))
  }
}

export interface Asked {
  readonly path: string
  readonly token?: string | undefined
  readonly method?: string
  readonly body?: string
  readonly authorization?: string
  readonly ca?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  /** Lines of a stream, as they come; `end` leaves it. */
  readonly end: () => void
}

/** Resolves when the answer is whole, or for a stream when `until` holds of what has come. */
export function ask(
  port: number,
  asked: Asked,
  until: (body: string) => boolean = () => false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const authorization =
      asked.authorization ?? (asked.token === undefined ? undefined : `Bearer ${asked.token}`)
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        port,
        path: asked.path,
        method: asked.method ?? "POST",
        ca: asked.ca ?? authority.certificate,
        servername: "postern-controller",
        agent: false,
        headers: {
          "content-type": "application/json",
          ...(authorization === undefined ? {} : { authorization }),
        },
      },
      (response) => {
        let body = ""
        const answer = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            end: () => request.destroy(),
          })
        response.setEncoding("utf8")
        response.on("data", (piece: string) => {
          body += piece
          if (until(body)) answer()
        })
        response.on("end", answer)
        response.on("error", answer)
      },
    )
    request.on("error", reject)
    request.end(asked.body ?? "")
  })
}

export function streamRequest(rest: Partial<StreamRequest> = {}): string {
  const request: StreamRequest = {
    protocol: PROTOCOL_VERSION,
    version: "test",
    revision: 0,
    digest: "",
    asOf: "",
    connections: [],
    ...rest,
  }
  return JSON.stringify(request)
}

export function messagesIn(body: string): readonly ControllerMessage[] {
  return body
    .split("\n")
    .slice(0, -1)
    .map((line): ControllerMessage => JSON.parse(line))
}

export const lines = (count: number) => (body: string) => body.split("\n").length > count
