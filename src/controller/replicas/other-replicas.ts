// What the other replicas have told: which agents they serve, how those do, and what they have confirmed.

import type { NodeState } from "../node-state.ts"
import type { PolicyProgress } from "../status/policy-progress.ts"
import type { NodeNews, PolicyNews, ReplicaNews } from "./replica-news.ts"

export interface OtherReplicasOptions {
  readonly progress: PolicyProgress
  /** What is known of the node has changed. */
  readonly onNode: (node: string) => void
}

export interface OtherReplicas {
  /** False where messages before this one are missing. */
  take(news: ReplicaNews, now: number): boolean
  /** Of an agent that another replica serves. */
  state(node: string): NodeState | undefined
  /** A policy is followed in a version that others may have told of already. */
  followed(key: string): void
  /** Replicas of which nothing was heard for a while serve nobody. */
  expire(now: number): void
}

interface Replica {
  sequence: number
  heardAt: number
  readonly nodes: Map<string, NodeState>
  readonly policies: Map<string, PolicyClaim>
}

interface PolicyClaim extends Pick<PolicyNews, "uid" | "generation" | "enforcement"> {
  readonly outstanding: ReadonlySet<string>
}

/** Others say something every few seconds. */
const SILENT_MS = 15_000

export function createOtherReplicas({ progress, onNode }: OtherReplicasOptions): OtherReplicas {
  const replicas = new Map<string, Replica>()

  const confirm = ({ nodes, policies }: Replica, key: string): void => {
    const claim = policies.get(key)
    if (claim === undefined) return
    for (const node of Array.from(progress.outstanding(key)))
      if (nodes.has(node) && !claim.outstanding.has(node)) progress.confirmed(key, claim, node)
  }
  const takeNode = (replica: Replica, news: NodeNews, now: number): void => {
    if (news.connected) replica.nodes.set(news.node, stateOf(news, now))
    else replica.nodes.delete(news.node)
    onNode(news.node)
    for (const key of progress.outstandingOn(news.node)) confirm(replica, key)
  }
  const takePolicy = (replica: Replica, { key, outstanding, ...version }: PolicyNews): void => {
    replica.policies.set(key, { ...version, outstanding: new Set(outstanding) })
    confirm(replica, key)
  }
  const drop = (session: string): void => {
    const nodes = replicas.get(session)?.nodes.keys() ?? []
    replicas.delete(session)
    for (const node of nodes) onNode(node)
  }
  return {
    take: (news, now) => {
      if (news.sequence === 1) {
        drop(news.session)
        replicas.set(news.session, { sequence: 0, heardAt: now, nodes: new Map(), policies: new Map() })
      }
      const replica = replicas.get(news.session)
      if (replica?.sequence !== news.sequence - 1) return false
      replica.sequence = news.sequence
      replica.heardAt = now
      // Policies first: a node that has come must not be taken for having confirmed what it has yet to.
      for (const policy of news.policies) takePolicy(replica, policy)
      for (const node of news.nodes) takeNode(replica, node, now)
      return true
    },
    state: (node) =>
      replicas
        .values()
        .find(({ nodes }) => nodes.has(node))
        ?.nodes.get(node),
    followed: (key) => {
      for (const replica of replicas.values()) confirm(replica, key)
    },
    expire: (now) => {
      for (const [session, { heardAt }] of replicas) if (now - heardAt > SILENT_MS) drop(session)
    },
  }
}

/** Numbers are the other replica's affair: here they say only whether the node is behind. */
function stateOf({ node, version, behind, report }: NodeNews, now: number): NodeState {
  const revision = report?.revision ?? 0
  return {
    node,
    connected: true,
    version,
    desiredRevision: behind ? revision + 1 : revision,
    desiredSince: now,
    report,
    reportedAt: now,
  }
}
