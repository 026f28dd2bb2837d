// The parts of a controller replica, and the order in which they begin and end.
//
// Settings first: a program made with the wrong mode would drop what is only to be counted. Then the cluster; and only a
// replica that has a program takes agents, which otherwise would leave one that has.

import manifest from "../../package.json" with { type: "json" }
import { createEngine } from "../compile/engine/engine.ts"
import type { Change } from "../compile/snapshot.ts"
import { lower, policyKindOf } from "../kinds/registry.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { type ClusterWatch, watchCluster } from "../kubernetes/cluster-watch.ts"
import { createEventRecorder, type EventRecorder } from "../kubernetes/events.ts"
import type { Lease, LeaseTiming } from "../kubernetes/lease.ts"
import type { ListWatch } from "../kubernetes/list-watch.ts"
import type { WatchEvent } from "../kubernetes/watch-event.ts"
import { messageOf } from "../telemetry/fault.ts"
import { type HealthServer, startHealthServer } from "../telemetry/health.ts"
import type { Log } from "../telemetry/log.ts"
import { createMetrics, type Metrics } from "../telemetry/metrics.ts"
import { type AgentServer, createAgentServer } from "./agent-server.ts"
import { type Authenticator, createAuthenticator } from "./authentication.ts"
import { type CertificateEvent, type CertificateStore, createCertificateStore } from "./certificate-store.ts"
import type { TlsMaterial } from "./certificates.ts"
import type { ControllerEvent } from "./controller-event.ts"
import type { DistributionEvent } from "./distribution-event.ts"
import { createDistributor, type Distributor } from "./distributor.ts"
import { createEventLog, eventObjectOf } from "./event-log.ts"
import { createHistory, currentVersion } from "./history.ts"
import { createLeadership } from "./leadership.ts"
import { type ControllerMetrics, createControllerMetrics } from "./metrics.ts"
import { replicaText, watchReplicas } from "./object-watch.ts"
import type { ControllerOptions } from "./options.ts"
import { unreadiness } from "./readiness.ts"
import { createReplicaHttp } from "./replicas/replica-http.ts"
import { answerNews, NEWS_PATH } from "./replicas/replica-news.ts"
import { createReplicaTokens } from "./replicas/replica-token.ts"
import { createSettingsStore, type SettingsStore } from "./settings-store.ts"
import { createStatusWriter, type StatusWriter } from "./status/status-writer.ts"

export interface ControllerParts {
  readonly options: ControllerOptions
  readonly client: KubernetesClient
  readonly log: Log
  readonly lease?: Partial<LeaseTiming>
  /** Milliseconds over which agents are sent away at the end; 5,000 by default. */
  readonly drainMs?: number
}

export interface Controller {
  /** Resolves when agents are served. */
  start(): Promise<void>
  stop(): Promise<void>
  readonly port: number | undefined
  readonly healthPort: number | undefined
  readonly distributor: Distributor
  readonly isLeader: boolean
}

const DRAIN_MS = 5_000

export function createController(parts: ControllerParts): Controller {
  return new Replica(parts)
}

class Replica implements Controller {
  readonly #parts: ControllerParts
  readonly #metrics: Metrics = createMetrics()
  readonly #history = createHistory({
    versions: () => this.#cluster.status(),
    currentVersion: () => currentVersion(this.#parts.client),
  })
  readonly #logEvent
  readonly #engine = createEngine({
    lower,
    check: (policy) => policyKindOf(policy)?.check(policy, "api") ?? [],
  })
  readonly distributor: Distributor
  readonly #authenticator: Authenticator
  readonly #settings: SettingsStore
  readonly #certificates: CertificateStore
  readonly #firstMaterial = Promise.withResolvers<TlsMaterial>()
  readonly #status: StatusWriter
  readonly #events: EventRecorder
  readonly #measured: ControllerMetrics
  readonly #lease: Lease
  readonly #cluster: ClusterWatch
  readonly #replicas: ListWatch
  readonly #tokens = createReplicaTokens()
  readonly #peers = createReplicaHttp({
    authorities: () => this.#authorities,
    token: () => this.#tokens.token,
  })
  #authorities = ""
  #material: TlsMaterial | undefined
  #others: readonly string[] = []
  #server: AgentServer | undefined
  #health: HealthServer | undefined
  #isStopping = false
  port: number | undefined

  constructor(parts: ControllerParts) {
    this.#parts = parts
    const { options, client, log } = parts
    const { namespace } = options
    this.#logEvent = createEventLog(log)
    const onEvent = (event: Exclude<ControllerEvent, DistributionEvent>): void => this.#told(event)
    this.#events = createEventRecorder({
      client,
      reportingController: "postern.dev/controller",
      reportingInstance: options.identity,
      onError: (error) => log.debug({ err: error }, "an event could not be written"),
    })
    this.#settings = createSettingsStore({
      client,
      namespace,
      onEvent,
      onSettings: (ruleset) => this.distributor.setSettings(ruleset),
    })
    this.#authenticator = createAuthenticator({
      client,
      namespace,
      onError: (error) => log.warn({ err: error }, `agents cannot be told from others: ${messageOf(error)}`),
    })
    this.distributor = createDistributor({
      engine: this.#engine,
      ruleset: this.#settings.current,
      mark: () => this.#history.mark(),
      canHear: () => this.#authenticator.isAnswered,
      onEvent: (event) => {
        this.#measured.distribution(event)
        this.#logEvent(event)
      },
    })
    this.#certificates = this.#createCertificates(onEvent)
    this.#status = this.#createStatus(onEvent)
    this.#measured = this.#createMeasured()
    this.#cluster = watchCluster({
      client,
      onChanges: (changes) => this.#apply(changes),
      onEvent,
      newPods: {},
    })
    this.#replicas = watchReplicas({ client, namespace, onEvent }, (replicas) => {
      this.#others = replicas
      this.distributor.setReplicas(this.#allReplicas())
      this.#status.setReplicas(replicas)
    })
    this.#lease = createLeadership(parts, (leads) => this.#status.setLeader(leads))
  }

  get healthPort(): number | undefined {
    return this.#health?.port
  }

  get isLeader(): boolean {
    return this.#lease.isHolder()
  }

  async start(): Promise<void> {
    const { options, log } = this.#parts
    if (options.metricsAddress !== "") {
      const checks = { health: () => "", readiness: () => this.#unreadiness() }
      this.#health = await startHealthServer({
        address: options.metricsAddress,
        metrics: this.#metrics,
        checks,
      })
    }
    this.#certificates.start()
    this.#replicas.start()
    this.#settings.start()
    await this.#settings.ready
    if (this.#isStopping) return
    this.#cluster.start()
    const [first] = await Promise.all([this.#firstMaterial.promise, this.#cluster.synced])
    if (this.#isStopping) return
    this.#server = createAgentServer({
      // It may have been renewed while the first lists came.
      certificate: (this.#material ?? first).serving,
      authenticator: this.#authenticator,
      distributor: this.distributor,
      history: this.#history,
      version: manifest.version,
      replicas: () => this.#allReplicas(),
      self: () => this.#ownAddresses(),
      onError: (error) =>
        log.error({ err: error }, "a request of an agent has failed by a fault of this replica"),
      peers: {
        path: NEWS_PATH,
        accepts: (token) => this.#tokens.accepts(token),
        take: (body) => answerNews(body, (news) => this.#status.takeNews(news)),
      },
    })
    this.distributor.start()
    this.port = await this.#server.listen(options.listen.host, options.listen.port)
    this.distributor.setReplicas(this.#allReplicas())
    this.#lease.start()
    await this.#status.start()
  }

  /** Another replica leads before this one's agents go, and they go one after the other. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#server?.drain()
    await this.#lease.stop()
    await this.#status.stop()
    await Promise.all([
      this.#cluster.stop(),
      this.#replicas.stop(),
      this.#settings.stop(),
      this.#certificates.stop(),
    ])
    await this.distributor.close(this.#parts.drainMs ?? DRAIN_MS)
    await Promise.all([this.#events.stop(), this.#peers.close()])
    await this.#server?.close()
    await this.#health?.close()
  }

  #createCertificates(onEvent: (event: CertificateEvent | WatchEvent) => void): CertificateStore {
    const { client, options } = this.#parts
    return createCertificateStore({
      client,
      namespace: options.namespace,
      onEvent,
      onMaterial: (material) => {
        this.#firstMaterial.resolve(material)
        this.#material = material
        this.#server?.setCertificate(material.serving)
        this.#authorities = material.bundle
        this.#tokens.setKey(material.serving.key)
      },
    })
  }

  #createStatus(onEvent: (event: WatchEvent) => void): StatusWriter {
    const { client, log } = this.#parts
    return createStatusWriter({
      client,
      engine: this.#engine,
      distributor: this.distributor,
      log,
      ruleset: () => this.#settings.current,
      recordEvent: (event) => this.#events.recordEvent(event),
      onDenied: (chain, packets) => this.#measured.denied(chain, packets),
      onWatchEvent: onEvent,
      post: (peer, news, signal) => this.#peers.post(peer, news, signal),
    })
  }

  #createMeasured(): ControllerMetrics {
    const { options } = this.#parts
    return createControllerMetrics(this.#metrics, {
      nodes: () => this.distributor.nodes(),
      program: this.#engine.program,
      phases: () => this.#status.phases(),
      statusesWaiting: () => this.#status.waiting,
      isLeader: () => this.isLeader,
      watches: () => this.#cluster.status(),
      waitingPods: () => this.#cluster.waitingPods,
      perNode: options.nodeMetrics === true,
    })
  }

  #told(event: Exclude<ControllerEvent, DistributionEvent>): void {
    const { options } = this.#parts
    if ("resource" in event) this.#measured.watch(event)
    const told = eventObjectOf(event, options.namespace)
    if (told !== undefined) this.#events.recordEvent(told)
    this.#logEvent(event)
  }

  #apply(changes: readonly Change[]): void {
    this.#status.follow(changes)
    this.distributor.apply(changes)
  }

  #allReplicas(): readonly string[] {
    return [...new Set([...this.#ownAddresses(), ...this.#others])].sort()
  }

  #ownAddresses(): readonly string[] {
    const { port } = this
    return port === undefined
      ? []
      : this.#parts.options.advertise.map((address) => replicaText(address, port))
  }

  #unreadiness(): string {
    return unreadiness({
      isStopping: this.#isStopping,
      hasSettings: this.#settings.isReady,
      settingsProblem: this.#settings.problem,
      isSynced: this.distributor.isReady,
      isServing: this.port !== undefined,
      certificateProblem: this.#certificates.problem,
      watches: this.#cluster.status(),
    })
  }
}
