// New pods wait until all that decides over them is known: policies, and their namespace's labels.
//
// Each collection has a watch of its own, and one may be stuck while another brings news: a pod would be let in without
// a policy that was there before it. So a pod that is new is kept back until the watches have come as far as its
// namespace's objects are, which the API server is asked for without a cache: the answer has all that was there before
// the pod. An address that is not known is denied, so waiting is closed. The question takes some milliseconds while the
// pod is being scheduled. After `longestMs` a pod is let in all the same, and it is said aloud.

import { listIn } from "../api/conforms.ts"
import type { Change } from "../compile/snapshot.ts"
import { isStatus } from "./api-error.ts"
import type { KubernetesClient } from "./client.ts"
import { listPages } from "./list-pages.ts"
import { pause } from "./pause.ts"
import { type ObjectChange, type ObjectKey, versionOf } from "./resource.ts"
import type { ClusterResource, Part } from "./resources/cluster-resource.ts"
import { isLater, versionBefore } from "./versions.ts"
import type { WatchEvent } from "./watch-event.ts"

export interface NewPodsTiming {
  /** A watch that has not brought within this time what the server has is begun anew. */
  readonly staleMs: number
  /** No pod waits longer. */
  readonly longestMs: number
  /** Between two questions. */
  readonly spacingMs: number
}

export interface NewPodsOptions {
  readonly client: Pick<KubernetesClient, "get">
  readonly resources: readonly ClusterResource[]
  /** Version that the watch of a resource has come to. */
  readonly reached: (resource: string) => string
  /** Begin the stream of a resource anew, if it has said nothing for so long. */
  readonly renew: (resource: string, silentMs: number) => void
  /** In the order in which they came. */
  readonly onAdmitted: (changes: readonly Change[]) => void
  readonly onEvent?: (event: WatchEvent) => void
  readonly timing?: Partial<NewPodsTiming>
}

interface Held {
  readonly key: ObjectKey
  /** By which it was told first. */
  readonly version: string
  change: Change
  /** By resource, what must have been told before; undefined while that is not known. */
  needed: Needed | undefined
  /** When waiting began, and when `needed` came. */
  readonly since: number
  askedAt: number
}

type Needed = ReadonlyMap<string, string>

const defaultTiming: NewPodsTiming = { staleMs: 2_000, longestMs: 30_000, spacingMs: 20 }

const LOOK_EVERY_MS = 100
const RETRY_MS = 250
const ANSWER_WITHIN_MS = 5_000
const PAGE_SIZE = 500
/** Where pods of more namespaces wait, whole collections are asked for. */
const MOST_NAMESPACES = 32
/** In an event; the number of all is there, too. */
const MOST_NAMED = 10

export class NewPods {
  readonly #options: NewPodsOptions
  readonly #timing: NewPodsTiming
  readonly #deciding: readonly ClusterResource[]
  readonly #held = new Map<string, Held>()
  readonly #stopping = new AbortController()
  readonly #renewed = new Map<string, number>()
  #isOpen = false
  #asking = false
  #mistake = ""
  #timer: NodeJS.Timeout | undefined

  constructor(options: NewPodsOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#deciding = options.resources.filter(({ decidingFor }) => decidingFor !== undefined)
  }

  get size(): number {
    return this.#held.size
  }

  /** The first lists are there: from now on is asked and waited. */
  open(): void {
    this.#isOpen = true
    this.#begin()
  }

  stop(): void {
    this.#stopping.abort()
    clearInterval(this.#timer)
  }

  /** True where the change is kept back, or has become void. */
  keeps({ key, ...change }: ObjectChange<Change>): boolean {
    const text = `${key.namespace}/${key.name}`
    if (change.op === "delete") return this.#held.delete(text)
    const held = this.#held.get(text)
    if (held !== undefined) {
      held.change = change.value
      return true
    }
    if (change.newAt === undefined || !needsNetwork(change.value)) return false
    const since = performance.now()
    const waits = { key, version: change.newAt, change: change.value, needed: undefined, since, askedAt: 0 }
    this.#held.set(text, waits)
    this.#begin()
    return true
  }

  /** A watch has brought something. */
  look(): void {
    if (this.#held.size === 0) return
    this.#admit((held) => held.needed !== undefined && this.#missing(held.needed).length === 0)
  }

  /** How far a watch of pods has come that has come to `version`, without the pods that wait. */
  cap(version: string): string {
    let earliest = version
    for (const held of this.#held.values()) {
      const before = versionBefore(held.version)
      if (isLater(earliest, before)) earliest = before
    }
    return earliest
  }

  #begin(): void {
    if (!this.#isOpen || this.#held.size === 0 || this.#stopping.signal.aborted) return
    this.#timer ??= setInterval(() => this.#watchTime(), LOOK_EVERY_MS).unref()
    if (!this.#asking) void this.#ask()
  }

  /** One question at a time, for all pods that have come since the last. */
  async #ask(): Promise<void> {
    this.#asking = true
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const pods = [...this.#held.values()].filter(({ needed }) => needed === undefined)
      if (pods.length === 0) break
      const answered = await this.#askFor(pods)
      this.look()
      await pause(answered ? this.#timing.spacingMs : RETRY_MS, signal)
    }
    this.#asking = false
  }

  async #askFor(pods: readonly Held[]): Promise<boolean> {
    const namespaces = new Set(pods.map(({ key }) => key.namespace))
    const groups = namespaces.size > MOST_NAMESPACES ? [undefined] : [...namespaces]
    try {
      const needed = await Promise.all(
        groups.map(async (namespace) => [namespace, await this.#neededIn(namespace)] as const),
      )
      const byNamespace = new Map(needed)
      for (const pod of pods) {
        pod.needed = byNamespace.get(pod.key.namespace) ?? byNamespace.get(undefined)
        pod.askedAt = performance.now()
      }
      this.#mistake = ""
      return true
    } catch (error) {
      this.#mistake = error instanceof Error ? error.message : String(error)
      return false
    }
  }

  /** Undefined: in all of them. */
  async #neededIn(namespace: string | undefined): Promise<Needed> {
    const needed = await Promise.all(
      this.#deciding.map(async (resource) => {
        const part = namespace === undefined ? resource : (resource.decidingFor?.(namespace) ?? resource)
        return [resource.name, await this.#newestIn(part)] as const
      }),
    )
    return new Map(needed)
  }

  /** Of the objects of a collection as it is now; "" where there are none. */
  async #newestIn(part: Part): Promise<string> {
    const { client } = this.#options
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
    let newest = ""
    try {
      for await (const page of listPages(client, part, { limit: PAGE_SIZE, signal })) {
        for (const item of listIn(page, "items")) {
          const version = versionOf(item)?.resourceVersion ?? ""
          if (isLater(version, newest)) newest = version
        }
      }
    } catch (error) {
      // A kind that is not installed has no objects.
      if (!isStatus(error, 404)) throw error
    }
    return newest
  }

  /** Resources whose watches have not come so far. */
  #missing(needed: Needed): readonly string[] {
    const { reached } = this.#options
    return [...needed].filter(([name, version]) => isLater(version, reached(name))).map(([name]) => name)
  }

  #watchTime(): void {
    const now = performance.now()
    const { staleMs, longestMs } = this.#timing
    const late = [...this.#held.values()].filter(({ askedAt }) => askedAt > 0 && now - askedAt > staleMs)
    const stale = new Set(late.flatMap(({ needed }) => this.#missing(needed ?? new Map())))
    for (const resource of stale) this.#renew(resource, now)
    const over = [...this.#held.values()].filter(({ since }) => now - since > longestMs)
    if (over.length > 0) this.#giveUp(over)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#renewed.clear()
  }

  #renew(resource: string, now: number): void {
    const { renew, onEvent } = this.#options
    const { staleMs } = this.#timing
    if (now - (this.#renewed.get(resource) ?? Number.NEGATIVE_INFINITY) <= staleMs) return
    this.#renewed.set(resource, now)
    onEvent?.({ kind: "stale", resource })
    renew(resource, staleMs)
  }

  #giveUp(over: readonly Held[]): void {
    const missing = new Set(over.flatMap(({ needed }) => this.#missing(needed ?? new Map())))
    const reason =
      missing.size === 0
        ? this.#mistake || "the API server gave no answer"
        : `the watch of ${[...missing].join(", ")} is behind`
    const pods = over.map(({ key }) => `${key.namespace}/${key.name}`)
    const named = pods.length > MOST_NAMED ? [...pods.slice(0, MOST_NAMED), "..."] : pods
    this.#options.onEvent?.({ kind: "unproven", resource: "pods", pods: named, count: pods.length, reason })
    const all = new Set(over)
    this.#admit((held) => all.has(held))
  }

  #admit(isReady: (held: Held) => boolean): void {
    const admitted = [...this.#held].filter(([, held]) => isReady(held))
    if (admitted.length === 0) return
    for (const [text] of admitted) this.#held.delete(text)
    this.#options.onAdmitted(admitted.map(([, { change }]) => change))
  }
}

function needsNetwork(change: Change): boolean {
  return change.kind === "pod" && change.op === "set" && !change.value.hostNetwork && !change.value.finished
}
