// The cluster as changes of a snapshot: one list-watch per resource, one batch of changes per turn of the event loop.
//
// Nothing is handed on before every first list is there: a program made of some of them would allow or deny
// what the cluster does not.

import type { Change } from "../compile/snapshot.ts"
import { policyKinds } from "../kinds/registry.ts"
import type { KubernetesClient } from "./client.ts"
import { createListWatch, type ListWatch } from "./list-watch.ts"
import { NewPods, type NewPodsTiming } from "./new-pods.ts"
import type { ClusterResource } from "./resources/cluster-resource.ts"
import { namespaceResource } from "./resources/namespace.ts"
import { nodeResource } from "./resources/node.ts"
import { podResource } from "./resources/pod.ts"
import { policyResource } from "./resources/policy.ts"
import { serviceResource } from "./resources/service.ts"
import type { WatchEvent, WatchStatus } from "./watch-event.ts"
import type { WatchTiming } from "./watch-timing.ts"

export interface ClusterWatchOptions {
  readonly client: KubernetesClient
  readonly resources?: readonly ClusterResource[]
  /** The first call has the whole first lists, later ones what has changed since, in the server's order per resource. */
  readonly onChanges: (changes: readonly Change[]) => void
  readonly onEvent?: (event: WatchEvent) => void
  readonly timing?: Partial<WatchTiming>
  /** Given: pods are handed on when all is known that decides over them. For whoever enforces. */
  readonly newPods?: Partial<NewPodsTiming>
}

export interface ClusterWatch {
  start(): void
  /** The first call of onChanges has been made. */
  readonly synced: Promise<void>
  stop(): Promise<void>
  /** Pods that wait, the newest of their watch included, count as not reached. */
  status(): readonly WatchStatus[]
  /** Pods that wait for what decides over them. */
  readonly waitingPods: number
}

export const clusterResources: readonly ClusterResource[] = [
  namespaceResource,
  nodeResource,
  podResource,
  serviceResource,
  ...policyKinds.map(policyResource),
]

export function watchCluster(options: ClusterWatchOptions): ClusterWatch {
  return new Watches(options)
}

class Watches implements ClusterWatch {
  readonly #options: ClusterWatchOptions
  readonly #watches: ReadonlyMap<string, ListWatch>
  readonly #newPods: NewPods | undefined
  readonly #synced = Promise.withResolvers<void>()
  #waiting: Change[] = []
  #unsynced: number
  #scheduled: NodeJS.Immediate | undefined
  #isDelivered = false

  constructor(options: ClusterWatchOptions) {
    const { resources = clusterResources } = options
    this.#options = options
    this.#unsynced = resources.length
    this.#newPods = this.#createNewPods(resources)
    this.#watches = new Map(resources.map((resource) => [resource.name, this.#follow(resource)]))
  }

  get synced(): Promise<void> {
    return this.#synced.promise
  }

  get waitingPods(): number {
    return this.#newPods?.size ?? 0
  }

  start(): void {
    const pods = this.#newPods === undefined ? undefined : this.#watches.get(podResource.name)
    const others = [...this.#watches.values()].filter((each) => each !== pods)
    void this.#startAll(pods === undefined ? [] : [pods], others)
  }

  async stop(): Promise<void> {
    clearImmediate(this.#scheduled)
    this.#newPods?.stop()
    await Promise.all([...this.#watches.values()].map((each) => each.stop()))
  }

  status(): readonly WatchStatus[] {
    return [...this.#watches.values()].map((each) => {
      const status = each.status()
      if (this.#newPods === undefined || status.resource !== podResource.name) return status
      return { ...status, reached: this.#newPods.cap(status.reached) }
    })
  }

  /** The first lists of `others` are of a time after those of `first`: no pod of theirs needs to wait for anything. */
  async #startAll(first: readonly ListWatch[], others: readonly ListWatch[]): Promise<void> {
    for (const batch of [first, others]) {
      for (const each of batch) each.start()
      await Promise.all(batch.map((each) => this.#count(each)))
    }
  }

  async #count(watch: ListWatch): Promise<void> {
    await watch.synced
    this.#unsynced--
    if (this.#unsynced === 0) this.#newPods?.open()
    this.#schedule()
  }

  #follow(resource: ClusterResource): ListWatch {
    const { client, timing = {}, onEvent } = this.#options
    const newPods = resource === podResource ? this.#newPods : undefined
    let isFirst = true
    return createListWatch({
      client,
      resource,
      timing,
      handler: (changes) => {
        for (const change of changes) {
          if (!isFirst && newPods?.keeps(change) === true) continue
          this.#waiting.push(change.op === "set" ? change.value : resource.gone(change.key))
        }
        isFirst = false
        this.#newPods?.look()
        this.#schedule()
      },
      ...(onEvent === undefined ? {} : { onEvent }),
    })
  }

  #createNewPods(resources: readonly ClusterResource[]): NewPods | undefined {
    const { client, newPods, onEvent } = this.#options
    if (newPods === undefined) return undefined
    return new NewPods({
      client,
      resources,
      timing: newPods,
      reached: (resource) => this.#watches.get(resource)?.status().reached ?? "",
      renew: (resource, silentMs) => this.#watches.get(resource)?.renew(silentMs),
      onAdmitted: (changes) => {
        this.#waiting.push(...changes)
        this.#schedule()
      },
      ...(onEvent === undefined ? {} : { onEvent }),
    })
  }

  #schedule(): void {
    if (this.#unsynced === 0 && (this.#waiting.length > 0 || !this.#isDelivered))
      this.#scheduled ??= setImmediate(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = undefined
    this.#isDelivered = true
    const changes = this.#waiting
    this.#waiting = []
    this.#options.onChanges(changes)
    this.#synced.resolve()
  }
}
