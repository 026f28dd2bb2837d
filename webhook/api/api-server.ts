// The explain API: an aggregated API server, which writes nothing.
//
// kube-apiserver authenticates the user and passes the request on. Who may ask for what is a SubjectAccessReview for each
// request, as with every API server behind it; what is told of other namespaces is a matter of redaction.ts.

import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { recordIn } from "../../src/api/conforms.ts"
import type { KeyPair } from "../../src/controller/x509.ts"
import type { AccessReviews, ResourceAttributes, UserInfo } from "../../src/kubernetes/access-review.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import { createTlsListener, listenOn, renewCertificate, type TlsListener } from "../tls-listener.ts"
import { type Authentication, authenticate, type Peer } from "./authentication.ts"
import { API_GROUP, API_GROUP_LIST, API_RESOURCE_LIST, API_VERSION, GROUP } from "./discovery.ts"
import type { FrontProxy } from "./front-proxy.ts"
import { OPENAPI_DOCUMENTS } from "./openapi.ts"
import { type Failure, isFailureCode, statusOf } from "./status.ts"

export interface ExplainApiOptions {
  readonly certificate: KeyPair
  readonly reviews: AccessReviews
  readonly resources: readonly ApiResource[]
  /** A fault of ours. */
  readonly onError: (error: unknown) => void
  readonly onAnswer?: (answered: Answered) => void
}

/** What can be asked for: an object by its name, or what the query asks. */
export interface ApiResource {
  readonly name: "explanations" | "connectivity" | "reports"
  readonly isNamed: boolean
  readonly answer: (request: ApiRequest) => Promise<ApiAnswer>
}

export interface ApiRequest {
  readonly user: UserInfo
  /** "" where the path is of none. */
  readonly namespace: string
  /** "" where the path names no object. */
  readonly name: string
  readonly query: URLSearchParams
}

export type ApiAnswer =
  | { readonly ok: true; readonly kind: string; readonly answer: unknown }
  | { readonly ok: false; readonly failure: Failure }

export interface Answered {
  readonly resource: string
  readonly code: number
  readonly milliseconds: number
}

export interface ExplainApi {
  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number>
  setCertificate(certificate: KeyPair): void
  /** Whom to believe; undefined for nobody. */
  setFrontProxy(frontProxy: FrontProxy | undefined): void
  close(): Promise<void>
}

export function createExplainApi(options: ExplainApiOptions): ExplainApi {
  return new AggregatedServer(options)
}

const MOST_BODY_BYTES = 1_024

class AggregatedServer implements ExplainApi {
  readonly #options: ExplainApiOptions
  readonly #app: TlsListener
  #certificate: KeyPair
  #frontProxy: FrontProxy | undefined
  /** By whose authorities the client of a connection was checked. */
  readonly #checkedBy = new WeakMap<TLSSocket, string>()

  constructor(options: ExplainApiOptions) {
    this.#options = options
    this.#certificate = options.certificate
    this.#app = createTlsListener({
      certificate: options.certificate,
      bodyLimit: MOST_BODY_BYTES,
      tls: clientChecks(undefined),
    })
    this.#app.server.on("secureConnection", (socket) => this.#checkedBy.set(socket, this.#authorities))
    this.#addRoutes()
  }

  async listen(host: string, port: number): Promise<number> {
    return await listenOn(this.#app, host, port)
  }

  setCertificate(certificate: KeyPair): void {
    this.#certificate = certificate
    this.#renew()
  }

  setFrontProxy(frontProxy: FrontProxy | undefined): void {
    const before = this.#authorities
    this.#frontProxy = frontProxy
    if (this.#authorities === before) return
    this.#renew()
    // Their clients were checked against others; those that are busy now are ended at their next request.
    this.#app.server.closeIdleConnections()
  }

  async close(): Promise<void> {
    await this.#app.close()
  }

  get #authorities(): string {
    return this.#frontProxy?.authorities ?? ""
  }

  #renew(): void {
    renewCertificate(this.#app, this.#certificate, clientChecks(this.#frontProxy))
  }

  #addRoutes(): void {
    const app = this.#app
    this.#addFailures()
    const base = `/apis/${API_VERSION}`
    const documents = {
      "/apis": API_GROUP_LIST,
      [`/apis/${GROUP}`]: API_GROUP,
      [base]: API_RESOURCE_LIST,
      ...OPENAPI_DOCUMENTS,
    }
    for (const [path, document] of Object.entries(documents)) {
      app.get(path, async (request, reply) => {
        return await send(this.#discover(request.raw, document), reply)
      })
    }
    for (const resource of this.#options.resources) {
      const tail = resource.isNamed ? `${resource.name}/:name` : resource.name
      for (const path of [`${base}/${tail}`, `${base}/namespaces/:namespace/${tail}`]) {
        app.get(path, async (request, reply) => {
          const began = performance.now()
          const answer = await this.#answer(resource, request.raw, request.params)
          const milliseconds = performance.now() - began
          this.#options.onAnswer?.({ resource: resource.name, code: answer.code, milliseconds })
          return await send(answer, reply)
        })
      }
    }
  }

  #addFailures(): void {
    this.#app.setNotFoundHandler((request, reply) => {
      const isRead = request.method === "GET" || request.method === "HEAD"
      const { code, body } = failure(
        isRead
          ? { code: 404, message: "there is no such path: docs/explain-api.md lists what there is" }
          : { code: 405, message: "the explain API is read only" },
      )
      void reply.code(code).send(body)
    })
    this.#app.setErrorHandler<{ readonly statusCode?: number; readonly message: string }>(
      (error, _request, reply) => {
        const { statusCode = 500, message } = error
        const isTheirs = isFailureCode(statusCode) && statusCode < 500
        if (!isTheirs) this.#options.onError(error)
        const { code, body } = failure(isTheirs ? { code: statusCode, message } : FAULT)
        void reply.code(code).send(body)
      },
    )
  }

  /** Whoever the front proxy names may read it, as with every API; it tells nothing of the cluster. */
  #discover(request: IncomingMessage, document: object): Response {
    if (!this.#isChecked(request)) return OUTDATED
    const who = this.#authenticate(request)
    if (who.kind === "refused") return failure({ code: 401, message: who.why })
    // Aggregated discovery: the API server asks for the documents of each version then.
    if (request.headers.accept?.includes("as=APIGroupDiscoveryList") && !acceptsPlain(request))
      return failure({ code: 406, message: "there is no aggregated discovery here" })
    return { code: 200, body: document }
  }

  async #answer(resource: ApiResource, request: IncomingMessage, parameters: unknown): Promise<Response> {
    if (!this.#isChecked(request)) return OUTDATED
    const who = this.#authenticate(request)
    if (who.kind === "refused") return failure({ code: 401, message: who.why })
    const { user } = who
    const namespace = textIn(parameters, "namespace")
    const name = textIn(parameters, "name")
    const verb = resource.isNamed ? "get" : "list"
    const attributes = { verb, group: GROUP, resource: resource.name, namespace, name }
    if (!(await this.#options.reviews.may(user, attributes)))
      return failure({ code: 403, message: forbidden(user, attributes) })
    const answer = await resource.answer({ user, namespace, name, query: queryOf(request) })
    if (!answer.ok) return failure(answer.failure)
    const metadata = namespace === "" ? {} : { namespace }
    return {
      code: 200,
      body: { kind: answer.kind, apiVersion: API_VERSION, metadata, answer: answer.answer },
    }
  }

  #authenticate({ socket, headersDistinct }: IncomingMessage): Authentication {
    return authenticate(this.#peerOf(socket), headersDistinct, this.#frontProxy)
  }

  /** False where its certificate was checked before we knew whom to believe now. */
  #isChecked({ socket }: IncomingMessage): boolean {
    return socket instanceof TLSSocket && this.#checkedBy.get(socket) === this.#authorities
  }

  #peerOf(socket: Socket): Peer {
    if (!(socket instanceof TLSSocket)) return { authorized: false, commonName: undefined }
    // An object without fields where the client showed no certificate.
    const { CN: commonName } = recordIn(socket.getPeerCertificate(), "subject")
    return { authorized: socket.authorized, commonName }
  }
}

interface Response {
  readonly code: number
  readonly body: object
  readonly headers?: Readonly<Record<string, string>>
}

/** Clients of Kubernetes ask again by themselves, and do so over a connection that is new. */
const OUTDATED: Response = {
  ...failure({ code: 503, message: "the connection is older than what is known of the front proxy" }),
  headers: { connection: "close", "retry-after": "1" },
}

const FAULT: Failure = { code: 500, message: "a fault of the explain API; its log has more" }

/** Node trusts every public authority where none is named, and an empty list names none. */
function clientChecks(frontProxy: FrontProxy | undefined) {
  return { requestCert: true, rejectUnauthorized: false, ca: frontProxy?.authorities ?? [] }
}

async function send({ code, body, headers = {} }: Response, reply: Reply): Promise<unknown> {
  return await reply
    .code(code)
    .headers({ ...headers })
    .send(body)
}

interface Reply {
  code(code: number): Reply
  headers(headers: Record<string, string>): Reply
  send(body: object): unknown
}

/** Clients of Kubernetes that are told when to try again do so by themselves. */
function failure(told: Failure): Response {
  const headers = told.code === 429 ? { headers: { "retry-after": "1" } } : {}
  return { code: told.code, body: statusOf(told), ...headers }
}

/** In the words of the API server. */
function forbidden({ username }: UserInfo, { verb, resource, namespace }: ResourceAttributes): string {
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`
  return `User "${username}" cannot ${verb} resource "${resource}" in API group "${GROUP}" ${where}`
}

function queryOf({ url = "" }: IncomingMessage): URLSearchParams {
  const mark = url.indexOf("?")
  return new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1))
}

/** kubectl lists every form that it can read, the plain one last. */
function acceptsPlain({ headers: { accept = "" } }: IncomingMessage): boolean {
  return accept.split(",").some((each) => /^application\/json$|^\*\/\*$/.test(each.trim()))
}
