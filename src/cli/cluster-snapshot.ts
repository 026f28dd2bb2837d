// A running cluster as a snapshot: every list once, page by page, with what we use of each object.

import { fieldOf, listIn } from "../api/conforms.ts"
import type { AssertionObject } from "../api/connectivity-assertion.ts"
import type {
  Change,
  Enforcement,
  Namespace,
  Node,
  Pod,
  PolicyObject,
  Service,
  Snapshot,
} from "../compile/snapshot.ts"
import { isStatus } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { clusterResources } from "../kubernetes/cluster-watch.ts"
import { listPages } from "../kubernetes/list-pages.ts"
import { type Resource, textIn, versionOf } from "../kubernetes/resource.ts"
import { assertionResource } from "../kubernetes/resources/connectivity-assertion.ts"
import { type ClusterOptions, withCluster } from "./cluster-options.ts"
import { count } from "./text-layout.ts"
import { createTransientLine, type TransientLine } from "./transient-line.ts"

export interface ClusterSnapshot {
  readonly snapshot: Snapshot
  /** [] where the cluster does not have the kind. */
  readonly assertions: readonly AssertionObject[]
  /** What ConfigMap postern says; enforce where there is none, or it may not be read. */
  readonly enforcement: Enforcement
  /** What could not be read of an object, in words: "pods shop/web: ...". */
  readonly mistakes: readonly string[]
}

const PAGE = 500
/** Of a list whose continuation the server has forgotten (410): it is read from its beginning. */
const ATTEMPTS = 4
const MOST_MISTAKES = 100

/** Throws what the API server answers where the user may not list. */
export async function readClusterSnapshot(
  options: ClusterOptions,
  line: TransientLine = createTransientLine(),
): Promise<ClusterSnapshot> {
  try {
    return await withCluster(options, ({ client }) => readFrom(client, options.systemNamespace, line))
  } finally {
    line.clear()
  }
}

async function readFrom(
  client: KubernetesClient,
  systemNamespace: string,
  line: TransientLine,
): Promise<ClusterSnapshot> {
  const mistakes: string[] = []
  let objects = 0
  const reading: Reading = {
    client,
    mistake: (text) => {
      if (mistakes.length < MOST_MISTAKES) mistakes.push(text)
    },
    read: (name, more) => {
      objects += more
      line.show(`reading ${name}: ${count(objects, "object")} so far`)
    },
  }
  const [changes, assertions, enforcement] = await Promise.all([
    Promise.all(clusterResources.map((resource) => readList(resource, reading))),
    readList(assertionResource, reading),
    readEnforcement(client, systemNamespace),
  ])
  return { snapshot: snapshotOf(changes.flat()), assertions, enforcement, mistakes }
}

interface Reading {
  readonly client: KubernetesClient
  readonly mistake: (text: string) => void
  readonly read: (name: string, objects: number) => void
}

async function readList<T>(resource: Resource<T>, reading: Reading, attempt = 1): Promise<readonly T[]> {
  try {
    return await readPages(resource, reading)
  } catch (error) {
    if (resource.optional && isStatus(error, 404)) return []
    if (isStatus(error, 410) && attempt < ATTEMPTS) return await readList(resource, reading, attempt + 1)
    throw error
  }
}

async function readPages<T>(
  resource: Resource<T>,
  { client, mistake, read }: Reading,
): Promise<readonly T[]> {
  const values: T[] = []
  for await (const page of listPages(client, resource, { limit: PAGE })) {
    const items = listIn(page, "items")
    for (const item of items) {
      const key = versionOf(item)?.key
      if (key === undefined) continue
      const name = key.namespace === "" ? key.name : `${key.namespace}/${key.name}`
      values.push(resource.decode(item, key, (text) => mistake(`${resource.name} ${name}: ${text}`)))
    }
    read(resource.name, items.length)
  }
  return values
}

function snapshotOf(changes: readonly Change[]): Snapshot {
  const namespaces: Namespace[] = []
  const pods: Pod[] = []
  const nodes: Node[] = []
  const services: Service[] = []
  const policies: PolicyObject[] = []
  for (const change of changes) {
    if (change.op === "delete") continue
    switch (change.kind) {
      case "namespace":
        namespaces.push(change.value)
        break
      case "pod":
        pods.push(change.value)
        break
      case "node":
        nodes.push(change.value)
        break
      case "service":
        services.push(change.value)
        break
      case "policy":
        policies.push(change.value)
        break
    }
  }
  return { namespaces, pods, nodes, services, policies }
}

async function readEnforcement(client: KubernetesClient, namespace: string): Promise<Enforcement> {
  try {
    const settings = await client.get(
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/postern`,
    )
    return textIn(fieldOf(settings, "data"), "enforcement").trim() === "observe" ? "observe" : "enforce"
  } catch (error) {
    if (isStatus(error, 404) || isStatus(error, 403)) return "enforce"
    throw error
  }
}
