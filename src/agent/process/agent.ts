// One agent: the enforcer, the stream that feeds it, and everybody who asks how it does.

import { setTimeout } from "node:timers/promises"
import type { Nft } from "nftables-json/nft"
import manifest from "../../../package.json" with { type: "json" }
import { type HealthServer, startHealthServer } from "../../telemetry/health.ts"
import type { Log } from "../../telemetry/log.ts"
import { createMetrics } from "../../telemetry/metrics.ts"
import type { NodeReport } from "../../wire/messages.ts"
import type { DenyCount } from "../deny-counts.ts"
import { createEnforcer, type Enforcer } from "../enforcer.ts"
import type { EnforcerEvent } from "../event.ts"
import type { Host } from "../host.ts"
import type { AdminOrder, AgentStatus } from "./admin-messages.ts"
import { type AdminServer, startAdminServer } from "./admin-server.ts"
import { type AgentMetrics, createAgentMetrics } from "./agent-metrics.ts"
import { endpointText } from "./endpoint.ts"
import { createEventLog, type EventLog } from "./event-log.ts"
import { createLiveness } from "./liveness.ts"
import { nodeReport } from "./node-report.ts"
import type { AgentOptions } from "./options.ts"
import { createLag, readinessFailure } from "./readiness.ts"
import { removeState, removeTables } from "./removal.ts"
import { createReplicaMemory } from "./replica-memory.ts"
import { createReporter, type Reporter } from "./reporter.ts"
import { createStreamClient, type StreamClient, type StreamTiming } from "./stream-client.ts"
import type { StreamEvent } from "./stream-event.ts"

export interface AgentParts {
  readonly options: AgentOptions
  /** Both act in the network namespace of the node. */
  readonly nft: Nft
  readonly host: Host
  readonly log: Log
  readonly timing?: Partial<StreamTiming>
}

export interface Agent {
  /** Resolves when the agent has the node for itself and enforces what was enforced last. */
  start(): Promise<void>
  /** Port of /healthz, /readyz and /metrics; undefined where they are not served. */
  readonly healthPort: number | undefined
  status(): AgentStatus
  obey(order: AdminOrder): Promise<void>
  /** The kernel keeps the rules. */
  stop(): Promise<void>
}

export function createAgent(parts: AgentParts): Agent {
  return new NodeAgent(parts)
}

const START_RETRY_MS = 10_000
const DENIED_EVERY_MS = 10_000

class NodeAgent implements Agent {
  private readonly parts: AgentParts
  readonly #enforcer: Enforcer
  readonly #client: StreamClient
  readonly #reporter: Reporter
  readonly #metrics = createMetrics()
  readonly #counted: AgentMetrics
  readonly #events: EventLog
  readonly #lag = createLag(() => performance.now())
  readonly #stopping = new AbortController()
  #admin: AdminServer | undefined
  #health: HealthServer | undefined
  #counting: NodeJS.Timeout | undefined
  #startError = "the agent is starting"
  #streamError = "no controller has been asked"
  #isRemoved = false
  #milliseconds = 0
  #denied: readonly DenyCount[] = []

  constructor(parts: AgentParts) {
    this.parts = parts
    const { options, nft, host, log, timing } = parts
    const { node, controllers, caFile, tokenFile, serverName, stateDirectory: directory } = options
    this.#events = createEventLog(log)
    this.#enforcer = createEnforcer({
      nft,
      host,
      directory,
      mask: options.mask,
      unknownPods: options.unknownPods,
      bridgeFilter: options.bridgeFilter,
      cniResults: options.cniResults,
      onEvent: (event) => this.#enforcerSays(event),
    })
    this.#counted = createAgentMetrics(this.#metrics, () => this.#enforcer.status())
    this.#client = createStreamClient({
      node,
      version: manifest.version,
      controllers,
      credentials: { caFile, tokenFile },
      serverName,
      target: this.#enforcer,
      memory: createReplicaMemory(directory),
      onEvent: (event) => this.#streamSays(event),
      ...(timing === undefined ? {} : { timing }),
    })
    this.#reporter = createReporter({
      report: () => this.#report(),
      send: (report) => this.#client.report(report),
      onFailure: (error) => log.debug({ err: error }, "a report could not be sent"),
    })
  }

  get healthPort(): number | undefined {
    return this.#health?.port
  }

  async start(): Promise<void> {
    const { options, nft, log } = this.parts
    this.#admin = await startAdminServer({
      path: options.socketPath,
      status: () => this.status(),
      obey: (order) => this.obey(order),
      onOccupied: () =>
        log.warn({ socket: options.socketPath }, "another agent runs on this node: it is waited for"),
      signal: this.#stopping.signal,
    })
    const liveness = createLiveness({ nft, now: () => performance.now() })
    if (options.metricsAddress !== "") {
      const checks = { health: () => liveness.failure(), readiness: () => this.#notReady() }
      this.#health = await startHealthServer({
        address: options.metricsAddress,
        metrics: this.#metrics,
        checks,
      })
    }
    await this.#startEnforcer()
    if (this.#stopping.signal.aborted || this.#isRemoved) return
    this.#counting = setInterval(() => void this.#count(), DENIED_EVERY_MS)
    this.#client.start()
  }

  status(): AgentStatus {
    const { replica } = this.#client
    return {
      node: this.parts.options.node,
      version: manifest.version,
      processId: process.pid,
      notReady: this.#notReady(),
      replica: replica === undefined ? "" : endpointText(replica),
      streamError: this.#streamError,
      removed: this.#isRemoved,
      enforcer: this.#enforcer.status(),
    }
  }

  async obey(order: AdminOrder): Promise<void> {
    this.parts.log.warn({ order }, "an order on the local socket")
    switch (order) {
      case "observe":
      case "enforce":
        await this.#enforcer.observe(order === "observe")
        this.#reporter.changed()
        return
      case "remove":
        return this.#remove()
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#reporter.noListener()
    clearInterval(this.#counting)
    await Promise.all([this.#client.stop(), this.#admin?.close(), this.#health?.close()])
    if (!this.#isRemoved) await this.#enforcer.close()
    await this.parts.nft.close()
  }

  /** Not possible now may be possible later: a module is loaded, a right is given. The controller hears of it. */
  async #startEnforcer(): Promise<void> {
    while (!this.#stopping.signal.aborted && !this.#isRemoved) {
      try {
        await this.#enforcer.start()
        this.#startError = ""
        return
      } catch (error) {
        this.#startError = error instanceof Error ? error.message : String(error)
        const words = `this node cannot be enforced, tried again in ${START_RETRY_MS / 1000} s: ${this.#startError}`
        this.parts.log.error({ err: error }, words)
      }
      await this.#client.report(this.#report()).catch(() => undefined)
      await setTimeout(START_RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
    }
  }

  /** Its tables and its state: enforcement ends here, whatever the controller sends. */
  async #remove(): Promise<void> {
    const { nft, options, log } = this.parts
    if (!this.#isRemoved) {
      this.#isRemoved = true
      this.#reporter.noListener()
      clearInterval(this.#counting)
      await this.#client.stop()
      await this.#enforcer.close()
    }
    const removed = [...(await removeTables(nft)), ...(await removeState(options.stateDirectory))]
    log.warn({ removed }, "nothing is enforced on this node until an agent starts")
  }

  async #count(): Promise<void> {
    try {
      this.#denied = await this.#enforcer.denied()
      this.#counted.denied(this.#denied)
      this.#reporter.changed()
    } catch (error) {
      this.parts.log.error({ err: error }, "failed: counting what was denied")
    }
  }

  #report(): NodeReport {
    return nodeReport({
      version: manifest.version,
      status: this.#enforcer.status(),
      milliseconds: this.#milliseconds,
      startError: this.#startError,
      denied: this.#denied,
    })
  }

  #notReady(): string {
    if (this.#isRemoved) return "the tables were removed by postern agent remove"
    const status = this.#enforcer.status()
    const stream = this.#streamError === "" ? "a controller is connected" : this.#streamError
    return readinessFailure({
      status,
      startError: this.#startError,
      stream,
      behindMs: this.#lag.measure(status),
    })
  }

  #enforcerSays(event: EnforcerEvent): void {
    this.#events.enforcer(event)
    if (event.kind === "programmed") this.#counted.podProgrammed(event.milliseconds)
    this.#lag.measure(this.#enforcer.status())
    this.#reporter.changed()
  }

  #streamSays(event: StreamEvent): void {
    this.#events.stream(event)
    if (event.kind === "connected") {
      this.#streamError = ""
      this.#counted.streamConnected(true)
      this.#reporter.newListener()
    }
    if (event.kind === "disconnected") {
      this.#streamError = event.error.message
      this.#counted.streamConnected(false)
      this.#reporter.noListener()
    }
    if (event.kind === "in-force" && event.message !== "unchanged") {
      this.#milliseconds = event.milliseconds
      this.#counted.applied(event.milliseconds)
    }
    this.#lag.measure(this.#enforcer.status())
    this.#reporter.changed()
  }
}
