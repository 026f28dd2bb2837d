// The statuses of all nodes: what each is to say, whether it says so, and when it is worth saying.

import { isDeepStrictEqual } from "node:util"
import type { NodeStatusStatus } from "../../api/node-status.ts"
import { isStatus } from "../../kubernetes/api-error.ts"
import type { KubernetesClient } from "../../kubernetes/client.ts"
import type { NodeBoard } from "./node-board.ts"
import { nodeStatusOf, shownPart } from "./node-status-of.ts"
import type { WriteTimes } from "./policy-statuses.ts"
import type { StatusObjects } from "./status-objects.ts"

export interface NodeStatusesOptions {
  readonly client: Pick<KubernetesClient, "get">
  readonly objects: StatusObjects<NodeStatusStatus>
  readonly board: NodeBoard
  /** The program or an agent names it. */
  readonly isKnown: (node: string) => boolean
}

export interface NodeStatuses {
  isNews(node: string, now: number): boolean
  write(node: string, times: WriteTimes): Promise<{ readonly requests: number; readonly again?: number }>
  /** The Node object is another one, or gone. */
  forgetOwner(node: string): void
  orphans(): readonly string[]
}

/** A node that flaps is not written more often. */
const AGAIN_MS = 5_000
/** See policy-statuses.ts. */
const LEARNING_MS = 30_000

export function createNodeStatuses({ client, objects, board, isKnown }: NodeStatusesOptions): NodeStatuses {
  const owners = new Map<string, string>()
  const writtenAt = new Map<string, number>()

  const statusOf = (node: string, now: number): NodeStatusStatus =>
    nodeStatusOf(board.health(node, now), { now, previous: objects.get("", node)?.status })
  const isNews = (node: string, status: NodeStatusStatus): boolean => {
    const known = objects.get("", node)
    const uid = owners.get(node)
    const isOwned = uid === undefined || known?.metadata.ownerReferences?.[0]?.uid === uid
    return (
      !isOwned ||
      known?.status === undefined ||
      !isDeepStrictEqual(shownPart(known.status), shownPart(status))
    )
  }
  const waitFor = (node: string, status: NodeStatusStatus, { now, leaderSince }: WriteTimes): number => {
    const before = objects.get("", node)?.status
    if (before === undefined) return 0
    const knowsLess = status.state === "Programming" && before.state !== "Programming"
    const learning = knowsLess ? leaderSince + LEARNING_MS - now : 0
    return Math.max(learning, (writtenAt.get(node) ?? Number.NEGATIVE_INFINITY) + AGAIN_MS - now)
  }
  return {
    isNews: (node, now) => isNews(node, statusOf(node, now)),
    forgetOwner: (node) => void owners.delete(node),
    orphans: () =>
      Array.from(objects.all(), ({ metadata }) => metadata.name).filter((node) => !isKnown(node)),
    write: async (node, times) => {
      if (!isKnown(node)) {
        owners.delete(node)
        writtenAt.delete(node)
        return { requests: objects.get("", node) === undefined ? 0 : await objects.remove("", node) }
      }
      const status = statusOf(node, times.now)
      if (!isNews(node, status)) return { requests: 0 }
      const wait = waitFor(node, status, times)
      if (wait > 0) return { requests: 0, again: wait }
      const known = owners.get(node)
      const uid = known ?? (await uidOfNode(client, node))
      // Pods may name a node that has no object (yet).
      if (uid === undefined) return { requests: 1 }
      owners.set(node, uid)
      writtenAt.set(node, times.now)
      const owner = { apiVersion: "v1", kind: "Node", name: node, uid }
      const requests = await objects.write({ name: node, namespace: "", owner, status })
      return { requests: requests + (known === undefined ? 1 : 0) }
    },
  }
}

async function uidOfNode(client: Pick<KubernetesClient, "get">, node: string): Promise<string | undefined> {
  try {
    const { metadata } = await client.get<{ readonly metadata: { readonly uid: string } }>(
      `/api/v1/nodes/${node}`,
    )
    return metadata.uid
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}
