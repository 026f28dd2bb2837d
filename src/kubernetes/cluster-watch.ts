// The cluster as changes of a snapshot: one list-watch per resource, one batch of changes per turn of the event loop.
//
// Nothing is handed on before every first list is there: a program made of some of them would allow or deny
// what the cluster does not.

import type { Change } from "../compile/snapshot.ts"
import { policyKinds } from "../kinds/registry.ts"
import type { KubernetesClient } from "./client.ts"
import { createListWatch, type WatchTiming } from "./list-watch.ts"
import type { ObjectChange } from "./resource.ts"
import type { ClusterResource } from "./resources/cluster-resource.ts"
import { namespaceResource } from "./resources/namespace.ts"
import { nodeResource } from "./resources/node.ts"
import { podResource } from "./resources/pod.ts"
import { policyResource } from "./resources/policy.ts"
import { serviceResource } from "./resources/service.ts"
import type { WatchEvent, WatchStatus } from "./watch-event.ts"

export interface ClusterWatchOptions {
  readonly client: KubernetesClient
  readonly resources?: readonly ClusterResource[]
  /** The first call has the whole first lists, later ones what has changed since, in the server's order per resource. */
  readonly onChanges: (changes: readonly Change[]) => void
  readonly onEvent?: (event: WatchEvent) => void
  readonly timing?: Partial<WatchTiming>
}

export interface ClusterWatch {
  start(): void
  /** The first call of onChanges has been made. */
  readonly synced: Promise<void>
  stop(): Promise<void>
  status(): readonly WatchStatus[]
}

export const clusterResources: readonly ClusterResource[] = [
  namespaceResource,
  nodeResource,
  podResource,
  serviceResource,
  ...policyKinds.map(policyResource),
]

export function watchCluster(options: ClusterWatchOptions): ClusterWatch {
  const { client, resources = clusterResources, onChanges, onEvent, timing = {} } = options
  const synced = Promise.withResolvers<void>()
  let waiting: Change[] = []
  let unsynced = resources.length
  let scheduled: NodeJS.Immediate | undefined
  const deliver = (): void => {
    scheduled = undefined
    const changes = waiting
    waiting = []
    onChanges(changes)
    synced.resolve()
  }
  const schedule = (): void => {
    if (unsynced === 0) scheduled ??= setImmediate(deliver)
  }
  const watches = resources.map((resource) => {
    const handler = (changes: readonly ObjectChange<Change>[]): void => {
      for (const change of changes) {
        waiting.push(change.op === "set" ? change.value : resource.gone(change.key))
      }
      schedule()
    }
    return createListWatch({
      client,
      resource,
      handler,
      timing,
      ...(onEvent === undefined ? {} : { onEvent }),
    })
  })
  const follow = async (each: Promise<void>): Promise<void> => {
    await each
    unsynced--
    schedule()
  }
  return {
    start: () => {
      for (const each of watches) {
        void follow(each.synced)
        each.start()
      }
    },
    synced: synced.promise,
    stop: async () => {
      clearImmediate(scheduled)
      await Promise.all(watches.map((each) => each.stop()))
    },
    status: () => watches.map((each) => each.status()),
  }
}
