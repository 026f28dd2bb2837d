// The cluster as the webhook knows it: one watch, kept up as the model of analysis and as the world of explain.

import { createModel, type Model } from "../src/analysis/model.ts"
import type { Change, Enforcement } from "../src/compile/snapshot.ts"
import { createLiveWorld, type LiveWorld } from "../src/explain/live-world.ts"
import { DEFAULT_SETTINGS } from "../src/explain/world.ts"
import { judgeOf, lower } from "../src/kinds/registry.ts"
import type { KubernetesClient } from "../src/kubernetes/client.ts"
import { watchCluster } from "../src/kubernetes/cluster-watch.ts"
import { createListWatch } from "../src/kubernetes/list-watch.ts"
import {
  assertionResource,
  type ClusterAssertion,
} from "../src/kubernetes/resources/connectivity-assertion.ts"
import type { WatchEvent, WatchStatus } from "../src/kubernetes/watch-event.ts"

export interface ClusterFollower {
  start(): void
  /** All first lists are there. */
  readonly synced: Promise<void>
  stop(): Promise<void>
  readonly model: Model
  readonly world: LiveWorld
  /** By namespace and name. */
  assertions(): readonly ClusterAssertion[]
  setEnforcement(enforcement: Enforcement): void
  /** Equal on replicas that have seen the same. */
  revision(): string
  /** Resources whose first list is not whole, and why; "" where all are there. */
  missing(): string
  /** Of what the API server has said nothing for long; "" where all is as new as can be. */
  stale(): string
}

export interface ClusterFollowerOptions {
  readonly client: KubernetesClient
  readonly onEvent: (event: WatchEvent) => void
  /** Before the changes are taken in, so that both states can be seen. */
  readonly onChanges?: (changes: readonly Change[]) => void
}

export function followCluster({ client, onEvent, onChanges }: ClusterFollowerOptions): ClusterFollower {
  const model = createModel({ lower })
  const world = createLiveWorld({ judgeOf, settings: DEFAULT_SETTINGS })
  let enforcement: Enforcement = DEFAULT_SETTINGS.enforcement
  let isWhole = false
  const cluster = watchCluster({
    client,
    onEvent,
    onChanges: (changes) => {
      onChanges?.(changes)
      model.apply(changes)
      world.apply(changes)
      isWhole = true
    },
  })
  const { watch, assertions } = watchAssertions({ client, onEvent })
  const statuses = () => [...cluster.status(), watch.status()]
  return {
    model,
    world,
    assertions,
    start: () => {
      cluster.start()
      watch.start()
    },
    synced: Promise.all([cluster.synced, watch.synced]).then(() => undefined),
    stop: async () => {
      await Promise.all([cluster.stop(), watch.stop()])
    },
    setEnforcement: (changed) => {
      enforcement = changed
      model.setEnforcement(changed)
      world.configure({ ...DEFAULT_SETTINGS, enforcement: changed })
    },
    revision: () => {
      const versions = statuses().map(({ resource, newest }) => `${resource} ${newest}`)
      return [...versions, enforcement].join()
    },
    missing: () => {
      const waiting = statuses().filter(({ synced }) => !synced)
      const words = waiting.map(({ resource, error }) =>
        error === undefined ? resource : `${resource} (${error.message})`,
      )
      return words.length === 0 && !isWhole ? "the first changes" : words.join(", ")
    },
    stale: () => staleText(statuses()),
  }
}

/**
 * A stream is taken for dead after 90 s of silence, and another one is opened: what says nothing for longer than this
 * is not to be had. Long enough for an API server that restarts.
 */
const MOST_SILENT_MS = 180_000

export function staleText(statuses: readonly Pick<WatchStatus, "resource" | "state" | "silentMs">[]): string {
  const silent = statuses.filter(({ state, silentMs = 0 }) => state !== "absent" && silentMs > MOST_SILENT_MS)
  return silent
    .map(
      ({ resource, silentMs = 0 }) =>
        `nothing was heard of ${resource} for ${Math.round(silentMs / 1_000)} s`,
    )
    .join(", ")
}

function watchAssertions({ client, onEvent }: Pick<ClusterFollowerOptions, "client" | "onEvent">) {
  const known = new Map<string, ClusterAssertion>()
  let sorted: readonly ClusterAssertion[] | undefined
  const watch = createListWatch({
    client,
    onEvent,
    resource: assertionResource,
    handler: (changes) => {
      sorted = undefined
      for (const change of changes) {
        const key = `${change.key.namespace}/${change.key.name}`
        if (change.op === "set") known.set(key, change.value)
        else known.delete(key)
      }
    },
  })
  const assertions = (): readonly ClusterAssertion[] =>
    (sorted ??= [...known].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each))
  return { watch, assertions }
}
