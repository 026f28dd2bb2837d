// A Lease (coordination.k8s.io/v1) that one of several replicas holds.
//
// As client-go elects: clocks are never compared. Another's lease has run out when this replica has not seen it change
// for as long as it was made for; our own when it could not be renewed for a while that is shorter than that.

import { setTimeout } from "node:timers/promises"
import { fieldOf, recordIn } from "../api/conforms.ts"
import { isStatus } from "./api-error.ts"
import type { KubernetesClient } from "./client.ts"
import { microTime } from "./micro-time.ts"
import { textIn } from "./resource.ts"

export interface LeaseTiming {
  /** Without renewal for so long, anybody may take it. */
  readonly durationMs: number
  /** Without renewal for so long, the holder acts as one no longer. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

export interface LeaseOptions {
  readonly client: KubernetesClient
  readonly namespace: string
  readonly name: string
  /** Of this replica, unlike any other's: two programs on one node are two. */
  readonly identity: string
  readonly timing?: Partial<LeaseTiming>
  readonly onError?: (error: Error) => void
}

export interface Lease {
  start(): void
  /** Asked before every act of a holder: it turns false by itself when the lease could not be renewed in time. */
  isHolder(): boolean
  /** Who holds it, as far as this replica knows; "" where nobody does. */
  holder(): string
  onChange(listener: (isHolder: boolean) => void): void
  /** Gives the lease back, so that another replica need not wait for its end. */
  stop(): Promise<void>
}

const defaultTiming: LeaseTiming = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 }

export function createLease(options: LeaseOptions): Lease {
  return new Election(options)
}

interface Observed {
  /** The whole Lease, for its version and for fields that others have set. */
  readonly object: unknown
  readonly holder: string
  readonly renewTime: string
  readonly durationMs: number
  /** When this replica first saw it like this, by its own clock. */
  readonly at: number
}

class Election implements Lease {
  readonly #options: LeaseOptions
  readonly #timing: LeaseTiming
  readonly #stopping = new AbortController()
  readonly #listeners: ((isHolder: boolean) => void)[] = []
  #running: Promise<void> | undefined
  #observed: Observed | undefined
  #renewedAt: number | undefined
  #wasHolder = false
  #expiry: NodeJS.Timeout | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  isHolder(): boolean {
    return this.#renewedAt !== undefined && performance.now() - this.#renewedAt < this.#timing.renewDeadlineMs
  }

  holder(): string {
    return this.#observed?.holder ?? ""
  }

  onChange(listener: (isHolder: boolean) => void): void {
    this.#listeners.push(listener)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    const mayRelease = this.isHolder()
    this.#renewedAt = undefined
    this.#tell()
    if (mayRelease) await this.#release()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#try()
      } catch (error) {
        if (!signal.aborted) this.#fail(error)
      }
      this.#tell()
      await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    const milliseconds = this.#timing.retryMs * (1 + Math.random() / 5)
    try {
      await setTimeout(milliseconds, undefined, { signal: this.#stopping.signal })
    } catch {
      // Stopped.
    }
  }

  #fail(error: unknown): void {
    // Another was faster: what it wrote is read next time.
    if (isStatus(error, 409)) return
    this.#options.onError?.(error instanceof Error ? error : new Error(String(error)))
  }

  async #try(): Promise<void> {
    // What is written now counts from now on, however long the answer takes.
    const began = performance.now()
    const observed = await this.#read()
    if (observed === undefined) {
      await this.#create()
    } else {
      const isOurs = observed.holder === this.#options.identity
      const isFree = observed.holder === "" || performance.now() - observed.at > observed.durationMs
      if (!isOurs && !isFree) {
        this.#renewedAt = undefined
        return
      }
      await this.#take(observed, isOurs)
    }
    this.#renewedAt = began
  }

  async #read(): Promise<Observed | undefined> {
    try {
      return this.#observe(await this.#options.client.get(this.#path(), {}, this.#deadline()))
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      this.#observed = undefined
      return undefined
    }
  }

  async #create(): Promise<void> {
    const { client, namespace, name, identity } = this.#options
    const now = microTime(new Date())
    const spec = { ...this.#terms(identity), acquireTime: now, renewTime: now, leaseTransitions: 0 }
    const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name }, spec }
    this.#observe(await client.create(this.#collection(), body, this.#deadline()))
  }

  async #take({ object }: Observed, isOurs: boolean): Promise<void> {
    const before = recordIn(object, "spec")
    const now = microTime(new Date())
    const transitions = Number(fieldOf(before, "leaseTransitions") ?? 0)
    const terms = { ...before, ...this.#terms(this.#options.identity), renewTime: now }
    const spec = isOurs ? terms : { ...terms, acquireTime: now, leaseTransitions: transitions + 1 }
    await this.#write(object, spec, this.#deadline())
  }

  /** Whoever reads it next finds nobody, for a second. */
  async #release(): Promise<void> {
    const object = this.#observed?.object
    if (object === undefined) return
    const before = recordIn(object, "spec")
    const now = microTime(new Date())
    const spec = { ...before, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
    try {
      await this.#write(object, spec, AbortSignal.timeout(this.#timing.retryMs))
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Refused by the server where the Lease is not as it was read. */
  async #write(object: unknown, spec: unknown, signal: AbortSignal): Promise<void> {
    const metadata = recordIn(object, "metadata")
    const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec }
    this.#observe(await this.#options.client.replace(this.#path(), body, signal))
  }

  #terms(holderIdentity: string): { readonly holderIdentity: string; readonly leaseDurationSeconds: number } {
    return { holderIdentity, leaseDurationSeconds: Math.max(1, Math.ceil(this.#timing.durationMs / 1000)) }
  }

  #observe(object: unknown): Observed {
    const spec = recordIn(object, "spec")
    const holder = textIn(spec, "holderIdentity")
    const renewTime = textIn(spec, "renewTime")
    const seconds = fieldOf(spec, "leaseDurationSeconds")
    const before = this.#observed
    const isSame = before?.holder === holder && before.renewTime === renewTime
    this.#observed = {
      object,
      holder,
      renewTime,
      durationMs: typeof seconds === "number" ? seconds * 1000 : this.#timing.durationMs,
      at: isSame ? before.at : performance.now(),
    }
    return this.#observed
  }

  #tell(): void {
    clearTimeout(this.#expiry)
    const isHolder = this.isHolder()
    if (isHolder && this.#renewedAt !== undefined) {
      const left = this.#renewedAt + this.#timing.renewDeadlineMs - performance.now()
      this.#expiry = globalThis.setTimeout(() => this.#tell(), Math.max(1, left))
    }
    if (isHolder === this.#wasHolder) return
    this.#wasHolder = isHolder
    for (const listener of this.#listeners) listener(isHolder)
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#timing.renewDeadlineMs)])
  }

  #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`
  }

  #path(): string {
    return `${this.#collection()}/${this.#options.name}`
  }
}
