// Secret and ConfigMap of a serving certificate: whoever comes first writes them, all replicas serve what is in them.
//
// Every replica does the same. A write names the version it was made from, so of two replicas one wins, and the other
// hears of it from its watch.

import { X509Certificate } from "node:crypto"
import { fieldOf, recordIn } from "../api/conforms.ts"
import { isStatus } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { createListWatch, type ListWatch } from "../kubernetes/list-watch.ts"
import type { Resource } from "../kubernetes/resource.ts"
import type { WatchEvent } from "../kubernetes/watch-event.ts"
import { decideTls, type TlsData, type TlsMaterial } from "./certificates.ts"

export interface CertificateStoreOptions {
  readonly client: KubernetesClient
  readonly namespace: string
  /** The controller's by default. */
  readonly place?: CertificatePlace
  /** Called with the first, and whenever it changes. */
  readonly onMaterial: (material: TlsMaterial) => void
  /** Tells clients whom to trust, again and again; in a ConfigMap by default. A failure is tried again soon. */
  readonly publish?: (bundle: string) => Promise<void>
  readonly onEvent?: (event: CertificateEvent | WatchEvent) => void
  readonly now?: () => Date
  /** Milliseconds between looks at what time has changed; 5 minutes by default. */
  readonly lookEveryMs?: number
}

/** Who is served, and where its certificate is kept. */
export interface CertificatePlace {
  readonly secret: string
  readonly service: string
  /** More names and addresses of it. */
  readonly names?: readonly string[]
}

export type CertificateEvent =
  | { readonly kind: "certificates-written"; readonly reason: string }
  | { readonly kind: "certificates-unreadable"; readonly secret: string; readonly mistake: string }
  | {
      readonly kind: "certificates-failed"
      readonly error: unknown
      /** Until when the certificate is good that is served; undefined where there is none. */
      readonly goodUntil: Date | undefined
    }

export interface CertificateStore {
  start(): void
  stop(): Promise<void>
  /** "" where all is well, else what is wrong, for readiness. */
  readonly problem: string
}

const CONTROLLER: CertificatePlace = { secret: "postern-tls", service: "postern-controller" }
const CONFIG_MAP = "postern-ca"
const LOOK_EVERY_MS = 300_000
const RETRY_MS = 2_000
/** Where there is one that is served meanwhile. */
const RETRY_SERVED_MS = 30_000

interface HeldSecret {
  readonly data: TlsData
  /** Without its data. */
  readonly object: Readonly<Record<string, unknown>>
}

export function createCertificateStore(options: CertificateStoreOptions): CertificateStore {
  return new SecretStore(options)
}

class SecretStore implements CertificateStore {
  readonly #options: CertificateStoreOptions
  readonly #place: CertificatePlace
  readonly #watch: ListWatch
  readonly #secrets: string
  readonly #configMaps: string
  #held: HeldSecret | undefined
  #material: TlsMaterial | undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #mustLookAgain = false
  #isStopped = false
  problem: string

  constructor(options: CertificateStoreOptions) {
    const { client, namespace, onEvent, place = CONTROLLER } = options
    this.#options = options
    this.#place = place
    this.problem = `the Secret ${place.secret} has not been read yet`
    this.#secrets = `/api/v1/namespaces/${namespace}/secrets`
    this.#configMaps = `/api/v1/namespaces/${namespace}/configmaps`
    this.#watch = createListWatch({
      client,
      resource: secretResource(this.#secrets, emptySecret(place)),
      handler: (changes) => {
        for (const change of changes) this.#held = change.op === "set" ? change.value : undefined
        this.#look()
      },
      ...(onEvent === undefined ? {} : { onEvent }),
    })
  }

  start(): void {
    this.#watch.start()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#watch.stop()
    await this.#looking
  }

  /** One at a time; what comes meanwhile is looked at afterwards. */
  #look(): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    if (this.#looking !== undefined) {
      this.#mustLookAgain = true
      return
    }
    this.#looking = this.#lookNow()
  }

  async #lookNow(): Promise<void> {
    const wait = await this.#settle()
    this.#looking = undefined
    const again = this.#mustLookAgain
    this.#mustLookAgain = false
    if (again) this.#look()
    else if (!this.#isStopped) this.#timer = setTimeout(() => this.#look(), wait)
  }

  /** Milliseconds until the next look. */
  async #settle(): Promise<number> {
    const { namespace, now = () => new Date(), lookEveryMs = LOOK_EVERY_MS } = this.#options
    // What another replica writes while this one decides is not what was decided on: the write fails then.
    const held = this.#held
    try {
      const { secret, ...service } = this.#place
      const decision = await decideTls(held?.data, { ...service, namespace }, now())
      switch (decision.kind) {
        case "change":
          // A Secret that cannot be written must not keep a replica from serving what is in it.
          this.#serve(decision.material)
          await this.#write(held, decision.data, decision.reason)
          return lookEveryMs
        case "unreadable":
          this.problem = `the Secret ${secret} cannot be used (${decision.mistake}): restore it, or delete it for a new authority`
          this.#emit({ kind: "certificates-unreadable", secret, mistake: decision.mistake })
          this.#serve(decision.material)
          return lookEveryMs
        case "good":
          this.#serve(decision.material)
          await (this.#options.publish?.(decision.material.bundle) ?? this.#publish(decision.material.bundle))
          this.problem = ""
          return lookEveryMs
      }
    } catch (error) {
      const goodUntil = this.#goodUntil()
      this.#emit({ kind: "certificates-failed", error, goodUntil })
      if (goodUntil === undefined) this.problem = `no certificate yet: ${textOf(error)}`
      const retryMs = goodUntil === undefined ? RETRY_MS : RETRY_SERVED_MS
      return Math.min(retryMs * (1 + Math.random()), lookEveryMs)
    }
  }

  #goodUntil(): Date | undefined {
    return this.#material && new X509Certificate(this.#material.serving.certificate).validToDate
  }

  #serve(material: TlsMaterial | undefined): void {
    const known = this.#material
    if (material === undefined || known?.serving.certificate === material.serving.certificate) return
    this.#material = material
    this.#options.onMaterial(material)
  }

  /** The watch brings what was written; a conflict means that another replica was first. */
  async #write(held: HeldSecret | undefined, data: TlsData, reason: string): Promise<void> {
    const { client } = this.#options
    const encoded = Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    )
    try {
      if (held === undefined)
        await client.create(this.#secrets, { ...emptySecret(this.#place), data: encoded })
      else await client.replace(`${this.#secrets}/${this.#place.secret}`, { ...held.object, data: encoded })
      this.#emit({ kind: "certificates-written", reason })
    } catch (error) {
      if (!isStatus(error, 409)) throw error
    }
  }

  async #publish(bundle: string): Promise<void> {
    const { client } = this.#options
    const path = `${this.#configMaps}/${CONFIG_MAP}`
    const data = { "ca.crt": bundle }
    try {
      const held = await client.get(path)
      if (fieldOf(fieldOf(held, "data"), "ca.crt") === bundle) return
      const metadata = essential(recordIn(held, "metadata"))
      await client.replace(path, { ...configMapObject, metadata, data })
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      await client.create(this.#configMaps, { ...configMapObject, data })
    }
  }

  #emit(event: CertificateEvent): void {
    this.#options.onEvent?.(event)
  }
}

const SECRET_TYPE = "kubernetes.io/tls"

function labelsOf(manager: string) {
  return { "app.kubernetes.io/name": "postern", "app.kubernetes.io/managed-by": manager }
}

function emptySecret({ secret, service }: CertificatePlace) {
  const metadata = { name: secret, labels: labelsOf(service) }
  return { apiVersion: "v1", kind: "Secret", metadata, type: SECRET_TYPE } as const
}

const configMapObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: CONFIG_MAP, labels: labelsOf(CONTROLLER.service) },
} as const

function secretResource(path: string, empty: ReturnType<typeof emptySecret>): Resource<HeldSecret> {
  return {
    name: "secrets",
    path,
    query: { fieldSelector: `metadata.name=${empty.metadata.name}` },
    optional: false,
    decode: (object) => {
      const data = Object.fromEntries(
        Object.entries(recordIn(object, "data")).map(([key, value]) => [
          key,
          typeof value === "string" ? Buffer.from(value, "base64").toString("utf8") : "",
        ]),
      )
      const metadata = recordIn(object, "metadata")
      const type = fieldOf(object, "type") ?? SECRET_TYPE
      return { data, object: { ...empty, type, metadata: essential(metadata) } }
    },
  }
}

/** Of metadata what a replace needs: with another version it is refused. */
function essential({
  name,
  labels,
  annotations,
  uid,
  resourceVersion,
  ownerReferences,
}: Record<string, unknown>) {
  return { name, labels, annotations, uid, resourceVersion, ownerReferences }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
