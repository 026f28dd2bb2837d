// Tells the other replicas what is new here, each at its own pace.

import { setTimeout } from "node:timers/promises"
import type { Denied } from "../status/denied-totals.ts"
import { createNewsFeed, type NewsFeed, type NewsSource } from "./news-feed.ts"
import type { ReplicaNews } from "./replica-news.ts"

export type Posted = "taken" | "missed" | "failed"

export interface NewsSenderOptions {
  /** Of this process. */
  readonly session: string
  readonly source: NewsSource
  readonly post: (peer: string, news: ReplicaNews, signal: AbortSignal) => Promise<Posted>
  readonly timing?: Partial<SenderTiming>
}

export interface SenderTiming {
  /** News gather for so long. */
  readonly everyMs: number
  /** Something is said so often, if only that there is nothing to say. */
  readonly aliveMs: number
  readonly retryMs: number
}

export interface NewsSender {
  /** "address:port" of the others. */
  setPeers(peers: readonly string[]): void
  node(node: string): void
  policy(key: string): void
  denied(key: string, more: Denied): void
  stop(): Promise<void>
}

interface Peer {
  readonly feed: NewsFeed
  readonly stopping: AbortController
  readonly running: Promise<void>
}

const defaultTiming: SenderTiming = { everyMs: 300, aliveMs: 4_000, retryMs: 2_000 }

export function createNewsSender(options: NewsSenderOptions): NewsSender {
  const timing = { ...defaultTiming, ...options.timing }
  const peers = new Map<string, Peer>()

  const begin = (address: string): Peer => {
    const feed = createNewsFeed(options.session, options.source)
    const stopping = new AbortController()
    return { feed, stopping, running: tell(address, feed, stopping.signal) }
  }
  const tell = async (address: string, feed: NewsFeed, signal: AbortSignal): Promise<void> => {
    feed.restart()
    let saidAt = Number.NEGATIVE_INFINITY
    while (!signal.aborted) {
      if (!feed.isEmpty || performance.now() - saidAt >= timing.aliveMs) {
        const posted = await options.post(address, feed.next(), signal)
        saidAt = performance.now()
        // What was lost on the way is told again with everything else.
        if (posted !== "taken") feed.restart()
        if (posted === "failed") await pause(timing.retryMs, signal)
      }
      await pause(timing.everyMs, signal)
    }
  }
  return {
    setPeers: (addresses) => {
      for (const [address, { stopping }] of peers) {
        if (addresses.includes(address)) continue
        stopping.abort()
        peers.delete(address)
      }
      for (const address of addresses) if (!peers.has(address)) peers.set(address, begin(address))
    },
    node: (node) => peers.values().forEach(({ feed }) => feed.node(node)),
    policy: (key) => peers.values().forEach(({ feed }) => feed.policy(key)),
    denied: (key, more) => peers.values().forEach(({ feed }) => feed.denied(key, more)),
    stop: async () => {
      for (const { stopping } of peers.values()) stopping.abort()
      await Promise.all(peers.values().map(({ running }) => running))
    },
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined)
}
