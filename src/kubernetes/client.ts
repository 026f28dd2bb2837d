// Requests to the API server: JSON in and out, within bounds of size and time.

import { Agent, type Dispatcher } from "undici"
import { listIn, recordIn } from "../api/conforms.ts"
import { AnswerTooLargeError, ApiError, type ApiErrorDetails, ConnectionError } from "./api-error.ts"
import { readLines, readText } from "./body.ts"
import type { ClusterConfig, TlsMaterial } from "./cluster-config.ts"
import { listPages } from "./list-pages.ts"
import { textIn } from "./resource.ts"

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export type PatchType =
  | "application/merge-patch+json"
  | "application/json-patch+json"
  | "application/strategic-merge-patch+json"
  | "application/apply-patch+yaml"

export interface ObjectList<T> {
  readonly items: readonly T[]
  readonly metadata: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
}

/** Paths begin with /api or /apis and may carry a query of their own. */
export interface KubernetesClient {
  get<T = unknown>(path: string, query?: Query, signal?: AbortSignal): Promise<T>
  /** All items, page by page. */
  list<T = unknown>(path: string, query?: Query): Promise<readonly T[]>
  create<T = unknown>(path: string, body: unknown, signal?: AbortSignal): Promise<T>
  replace<T = unknown>(path: string, body: unknown, signal?: AbortSignal): Promise<T>
  patch<T = unknown>(path: string, body: unknown, contentType: PatchType): Promise<T>
  delete<T = unknown>(path: string, body?: unknown): Promise<T>
  /** Lines of a watch, complete ones only. Silence longer than `idleMs` is a ConnectionError. */
  watch(path: string, query: Query, options: WatchOptions | AbortSignal): AsyncIterable<string>
  close(): Promise<void>
}

export interface WatchOptions {
  readonly signal: AbortSignal
  readonly idleMs?: number
  /** The server has taken the watch; it may say nothing for long. */
  readonly onOpen?: () => void
}

export interface ClientOptions {
  /** Whole requests but watches. */
  readonly timeoutMs?: number
  readonly connectTimeoutMs?: number
  readonly maximumAnswerBytes?: number
  readonly maximumLineBytes?: number
}

const PAGE = 500

/** etcd keeps objects up to 1.5 MiB; JSON with its escapes and managedFields may be several times that. */
const MAXIMUM_LINE_BYTES = 16 * 1024 * 1024
const MAXIMUM_ANSWER_BYTES = 256 * 1024 * 1024
const MAXIMUM_ERROR_BYTES = 256 * 1024

/** Node adds ten probes a second apart, so that a peer that is gone is noticed within 25 s. */
const KEEP_ALIVE_AFTER_MS = 15_000

const defaults = {
  timeoutMs: 60_000,
  connectTimeoutMs: 10_000,
  maximumAnswerBytes: MAXIMUM_ANSWER_BYTES,
  maximumLineBytes: MAXIMUM_LINE_BYTES,
} as const satisfies Required<ClientOptions>

export function createKubernetesClient(config: ClusterConfig, options: ClientOptions = {}): KubernetesClient {
  return new UndiciClient(config, { ...defaults, ...options })
}

interface Sent {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
  readonly contentType?: string
  readonly signal: AbortSignal
  /** Between two pieces of the answer; 0 for no limit. */
  readonly idleMs: number
}

class UndiciClient implements KubernetesClient {
  readonly #config: ClusterConfig
  readonly #options: Required<ClientOptions>
  #agent: Agent | undefined
  #material = ""
  readonly #closed = new AbortController()

  constructor(config: ClusterConfig, options: Required<ClientOptions>) {
    this.#config = config
    this.#options = options
  }

  async get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return await this.#exchange<T>({ method: "GET", path, query }, signal)
  }

  async list<T>(path: string, query: Query = {}): Promise<readonly T[]> {
    const items: T[] = []
    for await (const page of listPages<ObjectList<T>>(this, { path, query }, { limit: PAGE }))
      items.push(...page.items)
    return items
  }

  async create<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return await this.#exchange<T>({ method: "POST", path, body }, signal)
  }

  async replace<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return await this.#exchange<T>({ method: "PUT", path, body }, signal)
  }

  async patch<T>(path: string, body: unknown, contentType: PatchType): Promise<T> {
    return await this.#exchange<T>({ method: "PATCH", path, body, contentType })
  }

  async delete<T>(path: string, body?: unknown): Promise<T> {
    return await this.#exchange<T>({ method: "DELETE", path, body })
  }

  async *watch(
    path: string,
    query: Query,
    options: WatchOptions | AbortSignal,
  ): AsyncGenerator<string, void> {
    const given: WatchOptions = options instanceof AbortSignal ? { signal: options } : options
    const { signal, idleMs = 0, onOpen } = given
    const what = `watch ${path}`
    const both = AbortSignal.any([signal, this.#closed.signal])
    const sent: Sent = { method: "GET", path, query: { ...query, watch: true }, signal: both, idleMs }
    const { body } = await this.#send(sent)
    onOpen?.()
    try {
      yield* readLines(body, this.#options.maximumLineBytes, what)
    } catch (error) {
      throw error instanceof AnswerTooLargeError ? error : new ConnectionError(what, error)
    } finally {
      body.destroy()
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error("the client is closed"))
    await this.#agent?.destroy()
  }

  async #exchange<T>(request: Omit<Sent, "signal" | "idleMs">, signal?: AbortSignal): Promise<T> {
    const { timeoutMs, maximumAnswerBytes } = this.#options
    const what = `${request.method} ${request.path}`
    const signals = [AbortSignal.timeout(timeoutMs), this.#closed.signal, ...(signal ? [signal] : [])]
    const { body } = await this.#send({ ...request, signal: AbortSignal.any(signals), idleMs: timeoutMs })
    try {
      const value: T = JSON.parse(await readText(body, maximumAnswerBytes, what))
      return value
    } catch (error) {
      throw error instanceof AnswerTooLargeError ? error : new ConnectionError(what, error)
    } finally {
      body.destroy()
    }
  }

  /** An answer that is no error; asks for new credentials once where these are refused. */
  async #send(sent: Sent): Promise<Dispatcher.ResponseData> {
    const first = await this.#request(sent, false)
    if (first.statusCode < 400) return first
    const error = await errorOf(first, sent)
    if (error.status !== 401) throw error
    const second = await this.#request(sent, true)
    if (second.statusCode < 400) return second
    throw await errorOf(second, sent)
  }

  async #request(sent: Sent, refresh: boolean): Promise<Dispatcher.ResponseData> {
    const { headers, tls } = await this.#config.credentials(refresh)
    const { method, path, query = {}, body, contentType = "application/json", signal, idleMs } = sent
    const url = new URL(`${this.#config.server}${path}`)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const type = body === undefined ? {} : { "content-type": contentType }
    try {
      return await this.#agentFor(tls).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { ...headers, ...type, accept: "application/json", "user-agent": "postern" },
        body: body === undefined ? null : JSON.stringify(body),
        signal,
        // A watch of the past has headers at once; one of a server that has nothing to say yet, too.
        headersTimeout: this.#options.timeoutMs,
        bodyTimeout: idleMs,
      })
    } catch (error) {
      throw new ConnectionError(`${method} ${path}`, error)
    }
  }

  /** One pool of connections for as long as certificates stay; the requests of an older one come to their end. */
  #agentFor(tls: TlsMaterial): Agent {
    const material = JSON.stringify(tls)
    if (this.#agent !== undefined && material === this.#material) return this.#agent
    this.#agent?.close().catch(() => undefined)
    this.#material = material
    this.#agent = new Agent({
      // HTTP/1.1: a connection for each watch, so that none waits behind another, and a broken one breaks no other.
      allowH2: false,
      connect: {
        ...tls,
        timeout: this.#options.connectTimeoutMs,
        keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
      },
    })
    return this.#agent
  }
}

async function errorOf(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  sent: Sent,
): Promise<ApiError> {
  const what = `${sent.method} ${sent.path}`
  const text = await readText(body, MAXIMUM_ERROR_BYTES, what).catch(() => "")
  const { message, reason, retryAfterSeconds, causes } = statusIn(text)
  const asked = Number(headers["retry-after"])
  return new ApiError(statusCode, message ?? `${what}: HTTP status ${statusCode}`, {
    reason: reason ?? "",
    retryAfterSeconds: Number.isFinite(asked) ? asked : retryAfterSeconds,
    causes: causes ?? [],
  })
}

interface Status extends ApiErrorDetails {
  readonly message?: string
}

function statusIn(text: string): Status {
  try {
    const status: unknown = JSON.parse(text)
    const { message, reason } = recordIn({ status }, "status")
    const details = recordIn(status, "details")
    const seconds = details["retryAfterSeconds"]
    const causes = listIn(details, "causes").map((each) => {
      return { reason: textIn(each, "reason"), message: textIn(each, "message") }
    })
    return {
      ...(typeof message === "string" ? { message } : {}),
      ...(typeof reason === "string" ? { reason } : {}),
      ...(typeof seconds === "number" ? { retryAfterSeconds: seconds } : {}),
      causes,
    }
  } catch {
    return {}
  }
}
