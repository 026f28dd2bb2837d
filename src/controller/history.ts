// How far this replica's view of the cluster has come, and whether an agent comes from one that had come further.
//
// A replica that is behind would take the agent back: policies that were made since would be undone, and connections of
// pods that have started since be ended. So it sends nothing to an agent that knows more, until it knows as much.

import { setTimeout } from "node:timers/promises"
import { recordIn } from "../api/conforms.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { textIn } from "../kubernetes/resource.ts"

export interface WatchVersion {
  readonly resource: string
  /** resourceVersion of the newest object or deletion that was told; "" before the first. */
  readonly newest: string
  /** Everything up to this version has been told, objects and bookmarks; "" where that is not known. */
  readonly reached: string
}

export interface History {
  /** What agents hold when they have all that was told so far; a part of asOf, without blanks at its ends. */
  mark(): string
  /**
   * Resolves with true when this replica has been told all that the agent's program was made of; with false where it
   * is not within the time that an agent waits for an answer.
   */
  hasReached(asOf: string): Promise<boolean>
}

export interface HistoryOptions {
  readonly versions: () => readonly WatchVersion[]
  /** The API server's version now, which no cache has answered. */
  readonly currentVersion: () => Promise<string>
  readonly patienceMs?: number
}

/** Agents give an answer ten seconds. */
const PATIENCE_MS = 4_000
const LOOK_EVERY_MS = 50
/** From what a watch has been told to the program: a turn of the loop, and what is waited for to merge batches. */
const SETTLED_AFTER_MS = 20

export function createHistory(options: HistoryOptions): History {
  const { versions, currentVersion, patienceMs = PATIENCE_MS } = options
  const isBehind = (wanted: ReadonlyMap<string, string>): boolean =>
    versions().some(({ resource, reached }) => isEarlier(reached, wanted.get(resource) ?? ""))
  return {
    mark: () =>
      versions()
        .filter(({ newest }) => newest !== "")
        .map(({ resource, newest }) => `@${resource}=${newest}`)
        .join(" "),
    hasReached: async (asOf) => {
      const wanted = versionsIn(asOf)
      if (wanted.size === 0) return true
      const until = performance.now() + patienceMs
      while (isBehind(wanted)) {
        if (performance.now() > until) return await isVoid(wanted, currentVersion)
        await setTimeout(LOOK_EVERY_MS)
      }
      await setTimeout(SETTLED_AFTER_MS)
      return true
    },
  }
}

/** Of a list without a version, which the API server answers as etcd stands. */
export async function currentVersion(client: Pick<KubernetesClient, "get">): Promise<string> {
  const list = await client.get("/api/v1/namespaces", { limit: 1 })
  return textIn(recordIn(list, "metadata"), "resourceVersion")
}

/** etcd was restored from a copy: what the agent holds is of a history that is no more. */
async function isVoid(
  wanted: ReadonlyMap<string, string>,
  currentVersion: () => Promise<string>,
): Promise<boolean> {
  try {
    const current = await currentVersion()
    return wanted.values().some((version) => isEarlier(current, version))
  } catch {
    // Cut off from the API server it stays behind: the agent goes on with what it holds.
    return false
  }
}

function versionsIn(asOf: string): ReadonlyMap<string, string> {
  const entries = asOf.split(" ").flatMap((token): readonly (readonly [string, string])[] => {
    const [, resource, version] = /^@([a-z0-9.-]+)=(\d{1,20})$/.exec(token) ?? []
    return resource === undefined || version === undefined ? [] : [[resource, version]]
  })
  return new Map(entries)
}

/** Versions of all resources of one API server can be compared (KEP-5504). */
function isEarlier(version: string, than: string): boolean {
  if (!/^\d{1,20}$/.test(version) || than === "") return false
  return BigInt(version) < BigInt(than)
}
