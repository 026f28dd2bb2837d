// What an uninstallation asks of the API: agents gone from every node, and the pods that clean up done on every node.

import { setTimeout } from "node:timers/promises"
import { isStatus } from "../../kubernetes/api-error.ts"
import type { KubernetesClient } from "../../kubernetes/client.ts"

export interface DaemonSetWait {
  readonly client: KubernetesClient
  readonly namespace: string
  readonly name: string
  readonly timeoutMs: number
  readonly pollMs?: number
}

/** Messages are what the user of helm reads. */
class UninstallError extends Error {
  override readonly name = "UninstallError"
}

/** apps/v1, as far as it is read. */
interface DaemonSet {
  readonly metadata?: { readonly generation?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly desiredNumberScheduled?: number
    readonly numberReady?: number
  }
}

/** Deletes it and waits until its last pod is gone, which is when foreground deletion ends. */
export async function deleteDaemonSet(wait: DaemonSetWait): Promise<void> {
  const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground" }
  await wait.client.delete(pathOf(wait), body).catch((error: unknown) => {
    if (!isStatus(error, 404)) throw error
  })
  await until(wait, async () => {
    const found = await read(wait)
    return found === undefined ? "" : `${wait.name} still has pods`
  })
}

/** Waits until a pod of it is ready on every node that shall have one. */
export function daemonSetReady(wait: DaemonSetWait): Promise<void> {
  return until(wait, async () => {
    const found = await read(wait)
    return found === undefined ? `there is no ${wait.name}` : unready(found)
  })
}

function unready({ metadata, status }: DaemonSet): string {
  // Numbers of an older generation, and of one that nobody has counted yet, say nothing.
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 1)) return "not counted yet"
  const { desiredNumberScheduled: wanted = 0, numberReady: ready = 0 } = status ?? {}
  return ready >= wanted ? "" : `done on ${ready} of ${wanted} nodes`
}

async function until({ timeoutMs, pollMs = 500 }: DaemonSetWait, what: () => Promise<string>): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const missing = await what()
    if (missing === "") return
    if (performance.now() > end) throw new UninstallError(`after ${timeoutMs / 1000} s: ${missing}`)
    await setTimeout(pollMs)
  }
}

async function read({ client, ...of }: DaemonSetWait): Promise<DaemonSet | undefined> {
  try {
    return await client.get<DaemonSet>(pathOf(of))
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

function pathOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`
}
