// A collection of the API, followed: listed once, watched from there, listed again where the server has forgotten.
//
// WatchList (KEP-3157) is asked for first: one stream, object by object. Where the server has it not, or where it
// failed, the list is read in pages. What the handler is given adds up to the server's state at every commit: the first
// call has the whole list, a relist only what differs.

import { listIn, recordIn } from "../api/conforms.ts"
import { ConnectionError, HistoryError, isStatus } from "./api-error.ts"
import { Attempts, isRewound, isWatchListRefusal } from "./attempts.ts"
import type { KubernetesClient } from "./client.ts"
import { KnownObjects, type Relist } from "./known-objects.ts"
import { listPages } from "./list-pages.ts"
import { Patience } from "./patience.ts"
import { pause } from "./pause.ts"
import { type ObjectChange, type Resource, textIn } from "./resource.ts"
import type { WatchEvent, WatchStatus } from "./watch-event.ts"
import { readWatchLine, type WatchLine } from "./watch-line.ts"
import { defaultTiming, type WatchTiming } from "./watch-timing.ts"

export interface ListWatchOptions<T> {
  readonly client: KubernetesClient
  readonly resource: Resource<T>
  readonly handler: (changes: readonly ObjectChange<T>[]) => void
  readonly onEvent?: (event: WatchEvent) => void
  readonly timing?: Partial<WatchTiming>
  readonly pageSize?: number
  /** False: never ask for WatchList. */
  readonly watchList?: boolean
}

export interface ListWatch {
  start(): void
  /** The first list has been handed on. */
  readonly synced: Promise<void>
  /** Begins the stream anew, from the version that is known, where it has said nothing for so long. */
  renew(silentMs: number): void
  stop(): Promise<void>
  status(): WatchStatus
}

const PAGE_SIZE = 500

/** A stream that lived so long was a good one, also if it said nothing. */
const GOOD_AFTER_MS = 5_000

export function createListWatch<T>(options: ListWatchOptions<T>): ListWatch {
  return new Loop(options)
}

class Loop<T> implements ListWatch {
  readonly #options: ListWatchOptions<T>
  readonly #timing: WatchTiming
  readonly #known: KnownObjects<T>
  readonly #attempts: Attempts
  readonly #patience: Patience
  readonly #stopping = new AbortController()
  #stream = new AbortController()
  readonly #synced = Promise.withResolvers<void>()
  #running: Promise<void> | undefined
  #state: WatchStatus["state"] = "stopped"
  #error: Error | undefined
  #isSynced = false
  #contact: number | undefined
  #streams = 0
  #mustList = true
  #isRewound = false
  /** The stream has brought nothing, no bookmark either. */
  #isMute = false
  #openedAt = 0

  constructor(options: ListWatchOptions<T>) {
    const { resource, pageSize = PAGE_SIZE, watchList = true } = options
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#attempts = new Attempts({ timing: this.#timing, pageSize, watchList })
    this.#patience = new Patience(this.#timing.idleMs)
    this.#known = new KnownObjects({
      resource,
      onMistake: (object, mistake) =>
        this.#emit({ kind: "odd-object", resource: resource.name, object, mistake }),
    })
  }

  get synced(): Promise<void> {
    return this.#synced.promise
  }

  start(): void {
    this.#running ??= this.#run()
  }

  renew(silentMs: number): void {
    const isSilent = performance.now() - (this.#contact ?? 0) >= silentMs
    if (this.#state === "watching" && isSilent) this.#stream.abort()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  status(): WatchStatus {
    return {
      resource: this.#options.resource.name,
      state: this.#state,
      synced: this.#isSynced,
      objects: this.#known.size,
      streams: this.#streams,
      silentMs: this.#contact === undefined ? undefined : performance.now() - this.#contact,
      newest: this.#known.newest,
      reached: this.#known.resourceVersion ?? "",
      error: this.#error,
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        if (!this.#mustList) await this.#watch()
        else if (this.#attempts.usesWatchList) await this.#watch(this.#relist())
        else await this.#list()
      } catch (error) {
        if (!signal.aborted) await this.#recover(error instanceof Error ? error : new Error(String(error)))
      }
    }
    this.#state = "stopped"
  }

  #relist(): Relist<T> {
    if (this.#state !== "absent") this.#state = "listing"
    return this.#known.relist({ trusted: !this.#isRewound })
  }

  async #list(): Promise<void> {
    const { client, resource } = this.#options
    const began = performance.now()
    const relist = this.#relist()
    let resourceVersion = ""
    const pages = { limit: this.#attempts.pageSize, signal: this.#stopping.signal }
    for await (const page of listPages(client, resource, pages)) {
      this.#contact = performance.now()
      for (const item of listIn(page, "items")) relist.set(item)
      resourceVersion = textIn(recordIn(page, "metadata"), "resourceVersion")
    }
    this.#commit(relist, { resourceVersion, how: "list", began })
  }

  /** From the version that is known, or with the list as its initial events. */
  async #watch(initial?: Relist<T>): Promise<void> {
    const began = performance.now()
    this.#openedAt = began
    let relist = initial
    this.#isMute = true
    for await (const text of this.#lines(initial !== undefined)) {
      this.#contact = performance.now()
      const line = readWatchLine(text)
      if (line.kind === "error") throw line.error
      if (relist === undefined) {
        this.#isMute = false
        this.#patience.heard()
        this.#attempts.streamed()
        this.#take(line)
      } else if (line.kind !== "bookmark") {
        relist[line.kind](line.object)
      } else if (line.endsInitialEvents) {
        this.#commit(relist, { resourceVersion: line.resourceVersion, how: "watch-list", began })
        relist = undefined
        this.#state = "watching"
      }
    }
    if (relist !== undefined)
      throw new ConnectionError("a list ended in its middle", new Error("no bookmark"))
    if (this.#isMute) throw new ConnectionError("a watch said nothing", new Error("the server closed it"))
  }

  #lines(isInitial: boolean): AsyncIterable<string> {
    const { client, resource } = this.#options
    const { watchMs, idleMs } = this.#timing
    const since = isInitial
      ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
      : { resourceVersion: this.#known.resourceVersion }
    const timeoutSeconds = Math.ceil((watchMs * (1 + Math.random())) / 1000)
    if (!isInitial) this.#state = "watching"
    this.#streams++
    const query = { ...resource.query, ...since, allowWatchBookmarks: true, timeoutSeconds }
    this.#stream = new AbortController()
    return client.watch(resource.path, query, {
      signal: AbortSignal.any([this.#stopping.signal, this.#stream.signal]),
      idleMs,
      onOpen: () => this.#opened(),
    })
  }

  /** Of a list that was read anew "listed" tells. */
  #opened(): void {
    this.#contact = performance.now()
    if (this.#error === undefined) return
    this.#error = undefined
    this.#emit({ kind: "resumed", resource: this.#options.resource.name })
  }

  #take(line: Exclude<WatchLine, { readonly kind: "error" }>): void {
    if (line.kind === "bookmark") {
      this.#known.advance(line.resourceVersion)
      return
    }
    const changes = this.#known[line.kind](line.object)
    if (changes.length > 0) this.#hand(changes)
  }

  #commit(
    relist: Relist<T>,
    told: { readonly resourceVersion: string; readonly how: "list" | "watch-list"; readonly began: number },
  ): void {
    if (told.resourceVersion === "") throw new ConnectionError("a list", new Error("it has no version"))
    const changes = relist.commit(told.resourceVersion)
    if (changes === undefined) throw new HistoryError()
    this.#mustList = false
    this.#isRewound = false
    this.#error = undefined
    this.#attempts.listed()
    this.#patience.listed(changes.length)
    this.#handList(changes)
    this.#emit({
      kind: "listed",
      resource: this.#options.resource.name,
      how: told.how,
      objects: this.#known.size,
      changes: changes.length,
      milliseconds: performance.now() - told.began,
    })
  }

  /** The first list is handed on also where it is empty: it says so. */
  #handList(changes: readonly ObjectChange<T>[]): void {
    if (changes.length > 0 || !this.#isSynced) this.#hand(changes)
    this.#isSynced = true
    this.#synced.resolve()
  }

  /** A handler that throws is a bug, and no fault of the stream that a retry could mend. */
  #hand(changes: readonly ObjectChange<T>[]): void {
    try {
      this.#options.handler(changes)
    } catch (error) {
      setImmediate(() => {
        throw error
      })
    }
  }

  async #recover(error: Error): Promise<void> {
    const { name: resource, optional } = this.#options.resource
    if (this.#mustList && this.#attempts.usesWatchList && isWatchListRefusal(error)) {
      this.#attempts.refuseWatchList()
      this.#emit({ kind: "watch-list-refused", resource, error })
      return
    }
    this.#isRewound ||= isRewound(error)
    if (this.#mustList) {
      this.#attempts.listFailed(error)
    } else if (this.#attempts.watchFailed(error) || this.#hasLostPatience()) {
      this.#mustList = true
      this.#emit({ kind: "expired", resource, error })
    }
    const retryInMs = this.#attempts.delay(error)
    if (retryInMs === 0) return
    if (!(this.#mustList && optional && isStatus(error, 404) && this.#miss())) {
      this.#state = "waiting"
      this.#error = error
      this.#emit({ kind: "failed", resource, error, retryInMs })
    }
    await pause(retryInMs, this.#stopping.signal)
  }

  /** At the end of a stream. */
  #hasLostPatience(): boolean {
    if (!this.#isMute) return false
    const lived = performance.now() - this.#openedAt
    if (lived > GOOD_AFTER_MS) this.#attempts.streamed()
    return this.#patience.isOver(lived)
  }

  /** The collection was not found; true where that means that there are no objects of this kind. */
  #miss(): boolean {
    const isGone = this.#attempts.missed() || this.#known.size === 0
    this.#contact = performance.now()
    if (!isGone || this.#state === "absent") return isGone
    this.#emit({ kind: "absent", resource: this.#options.resource.name })
    this.#state = "absent"
    this.#handList(this.#known.clear())
    return true
  }

  #emit(event: WatchEvent): void {
    this.#options.onEvent?.(event)
  }
}
