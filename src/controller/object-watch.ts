// Single objects of the controller's own namespace, followed by name: RBAC can narrow it to them.

import { fieldOf, listIn, recordIn } from "../api/conforms.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { createListWatch, type ListWatch } from "../kubernetes/list-watch.ts"
import type { WatchEvent } from "../kubernetes/watch-event.ts"

export interface ObjectWatchOptions {
  readonly client: KubernetesClient
  readonly namespace: string
  readonly onEvent: (event: WatchEvent) => void
}

/** `onData` gets the data of ConfigMap postern; undefined where there is none. */
export function watchSettings(
  { client, namespace, onEvent }: ObjectWatchOptions,
  onData: (data: unknown) => void,
): ListWatch {
  return createListWatch({
    client,
    onEvent,
    resource: {
      name: "configmaps",
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      query: { fieldSelector: "metadata.name=postern" },
      optional: false,
      decode: (object): unknown => fieldOf(object, "data") ?? {},
    },
    handler: (changes) => {
      const last = changes.at(-1)
      onData(last?.op === "set" ? last.value : undefined)
    },
  })
}

/** Where the replicas behind a Service are: "address:port", sorted. */
export function watchReplicas(
  {
    client,
    namespace,
    onEvent,
    service = "postern-controller",
    portName,
  }: ObjectWatchOptions & { readonly service?: string; readonly portName?: string },
  onReplicas: (replicas: readonly string[]) => void,
): ListWatch {
  const slices = new Map<string, readonly string[]>()
  return createListWatch({
    client,
    onEvent,
    resource: {
      name: "endpointslices",
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      query: { labelSelector: `kubernetes.io/service-name=${service}` },
      optional: false,
      decode: (slice) => replicasIn(slice, portName),
    },
    handler: (changes) => {
      for (const change of changes) {
        if (change.op === "set") slices.set(change.key.name, change.value)
        else slices.delete(change.key.name)
      }
      onReplicas([...new Set([...slices.values()].flat())].sort())
    },
  })
}

/** On its only port, or on the one that is named. */
function replicasIn(slice: unknown, portName: string | undefined): readonly string[] {
  const port = listIn(slice, "ports")
    .filter((each) => portName === undefined || fieldOf(each, "name") === portName)
    .map((each) => fieldOf(each, "port"))
    .find((each) => typeof each === "number")
  if (port === undefined) return []
  return listIn(slice, "endpoints")
    .filter((endpoint) => recordIn(endpoint, "conditions")["ready"] !== false)
    .flatMap((endpoint) => listIn(endpoint, "addresses"))
    .filter((address) => typeof address === "string")
    .map((address) => replicaText(address, port))
}

export function replicaText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}
