// What this replica tells the others, and what it has heard from them, as one view of all nodes.

import { randomUUID } from "node:crypto"
import { isUpToDate, type NodeState } from "../node-state.ts"
import type { Denied } from "../status/denied-totals.ts"
import { BEHIND_AFTER_MS } from "../status/node-health.ts"
import type { PolicyProgress } from "../status/policy-progress.ts"
import { createNewsSender, type NewsSenderOptions } from "./news-sender.ts"
import { createOtherReplicas } from "./other-replicas.ts"
import type { NodeNews, PolicyNews, ReplicaNews } from "./replica-news.ts"

export interface ExchangeOptions extends Pick<NewsSenderOptions, "post" | "timing"> {
  readonly progress: PolicyProgress
  /** Of agents that this replica serves or has served. */
  readonly localNodes: () => ReadonlyMap<string, NodeState>
  /** What another replica knows of a node has changed. */
  readonly onNode: (node: string) => void
  readonly onDenied: (policy: string, more: Denied) => void
}

export interface ReplicaExchange {
  /** As the replica sees the node that serves it. */
  stateOf(node: string): NodeState | undefined
  nodeChanged(state: NodeState): void
  /** Its version, or who has confirmed it. */
  policyChanged(key: string): void
  followed(key: string): void
  denied(policy: string, more: Denied): void
  /** False where something before it is missing. */
  take(news: ReplicaNews): boolean
  setPeers(peers: readonly string[]): void
  tick(now: number): void
  stop(): Promise<void>
}

export function createReplicaExchange(options: ExchangeOptions): ReplicaExchange {
  const { progress, localNodes, onNode } = options
  const session = randomUUID()
  const told = new Map<string, string>()
  const others = createOtherReplicas({ progress, onNode })
  const sender = createNewsSender({
    ...options,
    session,
    source: {
      nodes: () =>
        localNodes()
          .values()
          .filter(({ connected }) => connected)
          .map(({ node }) => node),
      policies: () => progress.keys(),
      node: (node) => nodeNews(node, localNodes().get(node), Date.now()),
      policy: (key) => policyNews(progress, key),
    },
  })
  const tellNode = (state: NodeState, now: number): void => {
    const { node } = state
    const text = JSON.stringify(unchanging(nodeNews(node, state, now)))
    if (told.get(node) === text) return
    if (state.connected) told.set(node, text)
    else told.delete(node)
    sender.node(node)
  }
  return {
    stateOf: (node) => {
      const local = localNodes().get(node)
      return local?.connected === true ? local : (others.state(node) ?? local)
    },
    nodeChanged: (state) => tellNode(state, Date.now()),
    policyChanged: (key) => sender.policy(key),
    followed: (key) => {
      sender.policy(key)
      others.followed(key)
    },
    denied: (policy, more) => sender.denied(policy, more),
    take: (news) => {
      // The list of replicas has this one, too.
      if (news.session === session) return true
      if (!others.take(news, Date.now())) return false
      for (const { key, ...more } of news.denied) options.onDenied(key, more)
      return true
    },
    setPeers: (peers) => sender.setPeers(peers),
    tick: (now) => {
      others.expire(now)
      for (const state of localNodes().values())
        if (state.connected && !isUpToDate(state)) tellNode(state, now)
    },
    stop: () => sender.stop(),
  }
}

function nodeNews(node: string, state: NodeState | undefined, now: number): NodeNews {
  if (state?.connected !== true) return { node, connected: false, version: "", behind: false }
  const { version, report, desiredSince } = state
  const behind = !isUpToDate(state) && desiredSince > 0 && now - desiredSince >= BEHIND_AFTER_MS
  const news = { node, connected: true, version, behind }
  return report === undefined ? news : { ...news, report: { ...report, addresses: [], denied: [] } }
}

/** Without what changes with every revision. */
function unchanging({ report, ...news }: NodeNews): object {
  return report === undefined ? news : { ...news, report: { ...report, revision: 0, milliseconds: 0 } }
}

function policyNews(progress: PolicyProgress, key: string): PolicyNews | undefined {
  const version = progress.version(key)
  if (version === undefined) return undefined
  const { uid, generation, enforcement } = version
  return { key, uid, generation, enforcement, outstanding: [...progress.outstanding(key)] }
}
