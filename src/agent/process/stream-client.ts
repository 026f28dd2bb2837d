// Keeps one stream to the controller: chooses a replica, follows it, and goes to another one when it ends.
//
// None of that touches the kernel. What is in force stays in force, however long nobody answers.

import { isIP } from "node:net"
import { setTimeout } from "node:timers/promises"
import { type NodeReport, PROTOCOL_VERSION, type StreamRequest } from "../../wire/messages.ts"
import { EnforcerError } from "../enforcer-error.ts"
import { type Candidates, createCandidates, type Pace } from "./candidates.ts"
import { type ControllerHttp, createControllerHttp } from "./controller-http.ts"
import { type CredentialFiles, readCredentials } from "./credentials.ts"
import { type Endpoint, endpointText, readEndpoint } from "./endpoint.ts"
import { createProgramFeed, type ProgramFeed, type ProgramTarget, type RefusalCause } from "./program-feed.ts"
import type { ReplicaMemory } from "./replica-memory.ts"
import { runStream } from "./stream.ts"
import { StreamError } from "./stream-error.ts"
import type { StreamEvent } from "./stream-event.ts"

export interface StreamClientOptions {
  readonly node: string
  /** Of the agent's build. */
  readonly version: string
  readonly controllers: readonly Endpoint[]
  readonly credentials: CredentialFiles
  readonly serverName: string
  readonly target: ProgramTarget
  readonly memory: ReplicaMemory
  readonly onEvent: (event: StreamEvent) => void
  readonly timing?: Partial<StreamTiming>
  readonly random?: () => number
}

export interface StreamTiming {
  readonly pace: Pace
  readonly silenceMs: number
  readonly answerMs: number
  /** Between whole rulesets that are asked for because the kernel refuses what it got. */
  readonly refetchMs: number
}

export interface StreamClient {
  start(): void
  /** The replica that serves the stream; undefined while there is none. */
  readonly replica: Endpoint | undefined
  /** Sends a report to that replica, or to the next candidate where there is none. */
  report(report: NodeReport): Promise<void>
  stop(): Promise<void>
}

const DEFAULT_TIMING = { silenceMs: 15_000, answerMs: 10_000, refetchMs: 60_000 }
/** As src/wire/messages.ts says. */
const MOST_CONNECTIONS = 20_000

export function createStreamClient(options: StreamClientOptions): StreamClient {
  return new Client(options)
}

class Client implements StreamClient {
  replica: Endpoint | undefined
  private readonly options: StreamClientOptions
  readonly #timing: Omit<StreamTiming, "pace">
  readonly #http: ControllerHttp
  readonly #feed: ProgramFeed
  readonly #stopping = new AbortController()
  #candidates: Candidates | undefined
  /** Of the replica, where it is not the address that was dialled. */
  #own: Endpoint | undefined
  #running: Promise<void> = Promise.resolve()
  /** Ends the stream of now, where it must begin again. */
  #again = new AbortController()
  #wantsWhole = false
  #refetched = Number.NEGATIVE_INFINITY

  constructor(options: StreamClientOptions) {
    this.options = options
    this.#timing = { ...DEFAULT_TIMING, ...options.timing }
    this.#http = createControllerHttp({ serverName: options.serverName, timeoutMs: this.#timing.answerMs })
    this.#feed = createProgramFeed({
      target: options.target,
      now: () => performance.now(),
      onApplied: (message, milliseconds) => {
        const { kind, revision } = message
        // Not at the hello: a replica whose every program is out of step must not be asked ten times a second.
        this.#candidates?.succeeded()
        const isNews = kind === "update" && message.from === revision
        options.onEvent({ kind: "in-force", message: isNews ? "unchanged" : kind, revision, milliseconds })
      },
      onRefused: ({ revision }, error, cause) => this.#refused(revision, error, cause),
    })
  }

  start(): void {
    this.#running = this.#run()
  }

  async report(report: NodeReport): Promise<void> {
    const dialled = this.replica ?? (await this.#choices()).next()
    if (this.#own === undefined) return this.#reportTo(dialled, report)
    try {
      await this.#reportTo(this.#own, report)
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== "unreachable") throw error
      await this.#reportTo(dialled, report)
    }
  }

  async #reportTo(endpoint: Endpoint, report: NodeReport): Promise<void> {
    const { node, credentials } = this.options
    const response = await this.#http.post({
      endpoint,
      path: `/v1/nodes/${encodeURIComponent(node)}/report`,
      body: report,
      credentials: await readCredentials(credentials),
      signal: this.#stopping.signal,
      isStream: false,
    })
    response.resume()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#http.close()
  }

  async #run(): Promise<void> {
    const candidates = await this.#choices()
    while (!this.#stopping.signal.aborted) {
      const endpoint = candidates.next()
      const error = await this.#follow(endpoint, candidates)
      this.replica = undefined
      this.#own = undefined
      if (this.#stopping.signal.aborted) return
      const waitMs = candidates.failed(error.code)
      this.options.onEvent({ kind: "disconnected", replica: endpointText(endpoint), error, waitMs })
      // A revision is told only when nothing on its way can change it.
      await Promise.all([this.#feed.idle(), this.#wait(waitMs)])
    }
  }

  async #follow(endpoint: Endpoint, candidates: Candidates): Promise<StreamError> {
    this.#again = new AbortController()
    const signal = AbortSignal.any([this.#stopping.signal, this.#again.signal])
    const { node, credentials } = this.options
    try {
      return await runStream({
        http: this.#http,
        endpoint,
        credentials: await readCredentials(credentials),
        node,
        request: await this.#request(),
        feed: this.#feed,
        silenceMs: this.#timing.silenceMs,
        signal,
        onHello: ({ version, self = [] }) => {
          this.replica = endpoint
          this.#own = sameFamily(self, endpoint)
          this.options.onEvent({ kind: "connected", replica: endpointText(endpoint), version })
        },
        onReplicas: (replicas) => this.#learn(replicas, candidates),
      })
    } catch (error) {
      if (error instanceof StreamError) return error
      const cause = error instanceof Error ? error : new Error(String(error))
      return new StreamError({ code: "ended", message: cause.message, cause })
    }
  }

  async #request(): Promise<StreamRequest> {
    const { target, version } = this.options
    const { revision, digest, asOf } = target.held()
    const isWhole = this.#wantsWhole
    this.#wantsWhole = false
    return {
      protocol: PROTOCOL_VERSION,
      version,
      revision,
      digest: isWhole ? "" : digest,
      asOf,
      connections: await this.#connections(),
    }
  }

  /** Without them no connection is forgotten that should be; without the program nothing is enforced at all. */
  async #connections(): Promise<readonly string[]> {
    try {
      return await this.options.target.connections(MOST_CONNECTIONS)
    } catch (error) {
      this.options.onEvent({ kind: "failed", what: "listing live connections", error })
      return []
    }
  }

  #refused(revision: number, error: unknown, cause: RefusalCause): void {
    this.options.onEvent({ kind: "refused", revision, error })
    if (error instanceof EnforcerError && error.code === "closed") return
    const isSoon = cause === "kernel" && performance.now() - this.#refetched < this.#timing.refetchMs
    if (isSoon || this.#wantsWhole) return
    if (cause === "kernel") this.#refetched = performance.now()
    this.#wantsWhole = true
    this.#again.abort()
  }

  /** A replica names itself at least: an empty list is no news. */
  #learn(replicas: readonly string[], candidates: Candidates): void {
    if (replicas.length === 0) return
    candidates.learn(replicas)
    this.options.memory.write(candidates.learned).catch((error: unknown) => {
      this.options.onEvent({ kind: "failed", what: "keeping the replicas' addresses", error })
    })
  }

  async #choices(): Promise<Candidates> {
    const learned = await this.options.memory.read().catch((error: unknown) => {
      this.options.onEvent({ kind: "failed", what: "reading the replicas' addresses", error })
      return []
    })
    const { controllers: configured, timing, random } = this.options
    this.#candidates ??= createCandidates({
      configured,
      learned,
      ...(timing?.pace === undefined ? {} : { pace: timing.pace }),
      ...(random === undefined ? {} : { random }),
    })
    return this.#candidates
  }

  #wait(milliseconds: number): Promise<void> {
    return setTimeout(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}

/** The one of its addresses that the node can reach for sure: nodes need not have both families. */
function sameFamily(addresses: readonly string[], { host }: Endpoint): Endpoint | undefined {
  return addresses.flatMap((each) => readEndpoint(each) ?? []).find((each) => isIP(each.host) === isIP(host))
}
