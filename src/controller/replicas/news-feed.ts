// What one replica has not been told yet, in messages of a bounded size.

import type { Denied } from "../status/denied-totals.ts"
import type { NodeNews, PolicyNews, ReplicaNews } from "./replica-news.ts"

/** Everything there is to tell. */
export interface NewsSource {
  nodes(): Iterable<string>
  policies(): Iterable<string>
  node(node: string): NodeNews
  policy(key: string): PolicyNews | undefined
}

export interface NewsFeed {
  node(node: string): void
  policy(key: string): void
  denied(key: string, more: Denied): void
  /** The next message; what it holds counts as told. */
  next(): ReplicaNews
  readonly isEmpty: boolean
  /** From the beginning: the other one has missed something. */
  restart(): void
}

/** In a message, which has a megabyte or so then. */
const MOST_NAMES = 10_000
const MOST_NODES = 500

export function createNewsFeed(session: string, source: NewsSource): NewsFeed {
  let sequence = 0
  const nodes = new Set<string>()
  const policies = new Set<string>()
  let denied = new Map<string, Denied>()

  const takeNodes = (): readonly NodeNews[] => {
    const taken = nodes.values().take(MOST_NODES).toArray()
    for (const node of taken) nodes.delete(node)
    return taken.map((node) => source.node(node))
  }
  const takePolicies = (): readonly PolicyNews[] => {
    const taken: PolicyNews[] = []
    let names = 0
    for (const key of policies) {
      if (names >= MOST_NAMES) break
      policies.delete(key)
      const news = source.policy(key)
      if (news === undefined) continue
      taken.push(news)
      names += 1 + news.outstanding.length
    }
    return taken
  }
  return {
    node: (node) => void nodes.add(node),
    policy: (key) => void policies.add(key),
    denied: (key, { ingress, egress }) => {
      const before = denied.get(key) ?? { ingress: 0, egress: 0 }
      denied.set(key, { ingress: before.ingress + ingress, egress: before.egress + egress })
    },
    next: () => {
      const news = {
        session,
        sequence: ++sequence,
        nodes: takeNodes(),
        policies: takePolicies(),
        denied: Array.from(denied, ([key, counts]) => ({ key, ...counts })),
      }
      denied = new Map()
      return news
    },
    get isEmpty() {
      return nodes.size === 0 && policies.size === 0 && denied.size === 0
    },
    restart: () => {
      sequence = 0
      for (const node of source.nodes()) nodes.add(node)
      for (const key of source.policies()) policies.add(key)
      // What the other one counts of before is in the statuses, or was never to be exact.
      denied = new Map()
    },
  }
}
