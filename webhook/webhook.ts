// The parts of a webhook replica, and the order in which they begin and end.
//
// It answers before it knows the cluster: validation needs nothing, and who waits for an analysis would wait in vain.
// Readiness says when it knows enough, so that other replicas are asked meanwhile.

import { createCertificateStore } from "../src/controller/certificate-store.ts"
import type { TlsMaterial } from "../src/controller/certificates.ts"
import { createSettingsStore } from "../src/controller/settings-store.ts"
import { createAccessReviews } from "../src/kubernetes/access-review.ts"
import type { KubernetesClient } from "../src/kubernetes/client.ts"
import { createLease, type LeaseTiming } from "../src/kubernetes/lease.ts"
import { type HealthServer, startHealthServer } from "../src/telemetry/health.ts"
import type { Log } from "../src/telemetry/log.ts"
import { createMetrics } from "../src/telemetry/metrics.ts"
import { createAdmission } from "./admission/admission.ts"
import { type AdmissionServer, createAdmissionServer } from "./admission-server.ts"
import { createExplainPart } from "./api/explain-part.ts"
import { createCaBundle } from "./ca-bundle.ts"
import { createCallerToken } from "./caller-token.ts"
import { createClusterAnalyst } from "./cluster-analyst.ts"
import { followCluster } from "./cluster-view.ts"
import { createEventLog, type WebhookEvent } from "./event-log.ts"
import { createWebhookMetrics } from "./metrics.ts"
import type { WebhookOptions } from "./options.ts"
import { createPreviews } from "./preview/previews.ts"
import { createTurns } from "./turns.ts"

export interface WebhookParts {
  readonly options: WebhookOptions
  readonly client: KubernetesClient
  readonly log: Log
  /** Of certificates, for tests. */
  readonly clock?: () => Date
  /** Milliseconds from not being ready to not being there; the API server's side learns of it meanwhile. */
  readonly drainMs?: number
  readonly lease?: Partial<LeaseTiming>
  /** Milliseconds of the event loop for one review. */
  readonly workMs?: number
}

export interface Webhook {
  /** Resolves when admission reviews are answered. */
  start(): Promise<void>
  stop(): Promise<void>
  readonly port: number | undefined
  /** Of the explain API; undefined where it is not served. */
  readonly apiPort: number | undefined
  readonly healthPort: number | undefined
}

const DRAIN_MS = 3_000
/** How often the path by which the API server is known is looked at. */
const CALLER_MS = 5_000
const SERVICE = { secret: "postern-webhook-tls", service: "postern-webhook" } as const

export function createWebhook(parts: WebhookParts): Webhook {
  return new Replica(parts)
}

class Replica implements Webhook {
  readonly #parts: WebhookParts
  readonly #metrics = createMetrics()
  readonly #measured = createWebhookMetrics(this.#metrics)
  readonly #firstMaterial = Promise.withResolvers<TlsMaterial>()
  readonly #logEvent
  readonly #cluster
  readonly #settings
  readonly #caBundle
  readonly #certificates
  readonly #turns = createTurns()
  readonly #caller = createCallerToken()
  #callerTimer: NodeJS.Timeout | undefined
  readonly #analyst
  readonly #access
  readonly #explain
  readonly #previews
  readonly #lease
  #material: TlsMaterial | undefined
  #server: AdmissionServer | undefined
  #health: HealthServer | undefined
  #isStopping = false
  port: number | undefined

  constructor(parts: WebhookParts) {
    this.#parts = parts
    const { client, log, options } = parts
    const { namespace } = options
    this.#logEvent = createEventLog(log)
    const onEvent = (event: WebhookEvent): void => this.#told(event)
    this.#cluster = followCluster({ client, onEvent })
    this.#analyst = createClusterAnalyst({ cluster: this.#cluster, namespace })
    this.#access = createAccessReviews(client, {
      onError: (error) => log.debug({ err: error }, "what a user may see could not be asked"),
    })
    this.#explain = createExplainPart({
      client,
      namespace,
      onEvent,
      log,
      service: SERVICE.service,
      listen: options.listenApi,
      cluster: this.#cluster,
      reviews: this.#access,
      turns: this.#turns,
      workMs: parts.workMs,
      onAnswer: (answered) => this.#measured.explained(answered),
    })
    this.#settings = createSettingsStore({
      client,
      namespace,
      onEvent,
      onSettings: ({ enforcement }) => this.#cluster.setEnforcement(enforcement),
    })
    this.#caBundle = this.#createCaBundle()
    this.#certificates = this.#createCertificates()
    this.#previews = this.#createPreviews()
    this.#lease = this.#createLease()
  }

  get apiPort(): number | undefined {
    return this.#explain.port
  }

  get healthPort(): number | undefined {
    return this.#health?.port
  }

  async start(): Promise<void> {
    const { options } = this.#parts
    if (options.metricsAddress !== "") {
      this.#health = await startHealthServer({
        address: options.metricsAddress,
        metrics: this.#metrics,
        checks: { health: () => "", readiness: () => this.#unreadiness() },
      })
    }
    this.#cluster.start()
    this.#settings.start()
    this.#caBundle.start()
    this.#certificates.start()
    this.#callerTimer = setInterval(() => this.#renewCaller(), CALLER_MS)
    const first = await this.#firstMaterial.promise
    if (this.#isStopping) return
    this.#server = this.#createServer(this.#material ?? first)
    this.#explain.shareReports(this.#server.app)
    this.port = await this.#server.listen(options.listen.host, options.listen.port)
    this.#explain.start()
    this.#previews.start()
    this.#lease.start()
  }

  /** Not ready first, gone later: who is on the way with a review is answered. */
  async stop(): Promise<void> {
    const { drainMs = DRAIN_MS } = this.#parts
    this.#isStopping = true
    clearInterval(this.#callerTimer)
    await this.#lease.stop()
    await this.#previews.stop()
    if (this.#server !== undefined) await new Promise((resolve) => setTimeout(resolve, drainMs))
    await this.#server?.close()
    await this.#explain.stop()
    await Promise.all([
      this.#cluster.stop(),
      this.#settings.stop(),
      this.#caBundle.stop(),
      this.#certificates.stop(),
    ])
    await this.#health?.close()
  }

  #createCaBundle() {
    const { client, log } = this.#parts
    return createCaBundle({
      client,
      onEvent: (event) => this.#told(event),
      path: () => this.#caller.path,
      onPath: (path) => this.#caller.seen(path),
      onWritten: (object) => log.info({ object }, "the authority was written"),
      onError: (error) => log.warn({ err: error }, "the authority could not be written"),
    })
  }

  #renewCaller(): void {
    if (!this.#caller.isDue()) return
    this.#caBundle.refresh().catch((error: unknown) => {
      this.#parts.log.warn({ err: error }, "the path of the webhook's configuration could not be written")
    })
  }

  #createCertificates() {
    const { client, options, clock } = this.#parts
    return createCertificateStore({
      client,
      namespace: options.namespace,
      onEvent: (event) => this.#told(event),
      place: { ...SERVICE, names: options.names },
      publish: async (bundle) => {
        // Not before the Secret has it: with another key than the others' this replica would write over their path.
        if (this.#material !== undefined) this.#caller.setKey(this.#material.serving.key)
        await this.#caBundle.set(bundle)
      },
      onMaterial: (material) => {
        this.#material = material
        this.#firstMaterial.resolve(material)
        this.#server?.setCertificate(material.serving)
        this.#explain.setMaterial(material)
      },
      ...(clock === undefined ? {} : { now: clock }),
    })
  }

  #createPreviews() {
    const { client, log } = this.#parts
    return createPreviews({
      client,
      analyst: this.#analyst,
      turns: this.#turns,
      held: (reference) => this.#cluster.model.policy(reference)?.object,
      keep: (report) => this.#explain.reports.put(report),
      onEvent: (event) => this.#told(event),
      onError: (error) => log.warn({ err: error }, "a PolicyPreview could not be answered"),
    })
  }

  /** Its holder answers PolicyPreviews; reviews are answered by every replica. */
  #createLease() {
    const { client, log, options, lease: timing } = this.#parts
    const lease = createLease({
      client,
      namespace: options.namespace,
      name: "postern-webhook",
      identity: options.identity,
      onError: (error) => log.warn({ err: error }, "the lease could not be read or renewed"),
      ...(timing === undefined ? {} : { timing }),
    })
    lease.onChange((leads) => this.#previews.setLeader(leads))
    return lease
  }

  #createServer({ serving }: TlsMaterial): AdmissionServer {
    const { log, options, workMs } = this.#parts
    return createAdmissionServer({
      certificate: serving,
      accepts: (token) => this.#caller.accepts(token),
      onBroken: () => this.#caller.suspect(),
      onError: (error) => log.error({ err: error }, "a review was answered without analysis, by a fault"),
      admit: createAdmission({
        analyst: this.#analyst,
        access: this.#access,
        turns: this.#turns,
        keep: (report) => this.#explain.reports.put(report),
        budgetMs: options.budgetMs,
        ...(workMs === undefined ? {} : { workMs }),
        onAnswer: (answered) => this.#measured.answered(answered),
      }),
    })
  }

  #told(event: WebhookEvent): void {
    if ("resource" in event) this.#measured.watch(event)
    this.#logEvent(event)
  }

  #unreadiness(): string {
    if (this.#isStopping) return "this replica stops"
    if (this.port === undefined) return this.#certificates.problem || "reviews are not answered yet"
    const missing = this.#cluster.missing()
    return missing === "" ? this.#cluster.stale() : `the first lists are not whole: ${missing}`
  }
}
