// Events (events.k8s.io/v1): what people see with kubectl describe.
//
// Equal events within a while are one event with a count, and what is written is bounded: a cluster full of broken policies
// must not become a flood of writes.

import { createHash } from "node:crypto"
import type { KubernetesClient } from "./client.ts"
import { microTime } from "./micro-time.ts"

export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  /** "" for a cluster-wide kind: its events are in namespace default. */
  readonly namespace: string
  readonly name: string
  readonly uid?: string
}

export interface ClusterEvent {
  readonly regarding: ObjectReference
  readonly type: "Normal" | "Warning"
  /** In UpperCamelCase, for programs. */
  readonly reason: string
  /** What was being done. */
  readonly action: string
  readonly note: string
}

export interface EventRecorderOptions {
  readonly client: KubernetesClient
  /** postern.dev/controller */
  readonly reportingController: string
  /** The pod's name. */
  readonly reportingInstance: string
  readonly onError?: (error: Error) => void
  readonly limits?: Partial<EventLimits>
}

export interface EventLimits {
  /** Written at once at most. */
  readonly burst: number
  /** Written in the long run at most. */
  readonly perMinute: number
  /** Equal events in this time are one. */
  readonly seriesMs: number
  /** Repetitions of an event are written this often at most. */
  readonly repeatMs: number
}

export interface EventRecorder {
  /** Returns at once. What is beyond the limits is counted, and written with the next repetition or not at all. */
  recordEvent(event: ClusterEvent): void
  /** Resolves when everything that is under way has been written or given up. */
  stop(): Promise<void>
}

const defaultLimits: EventLimits = { burst: 25, perMinute: 60, seriesMs: 360_000, repeatMs: 60_000 }

/** events.k8s.io/v1 validation */
const LONGEST_NOTE_BYTES = 1024
const LONGEST_NAME = 200
const SERIES_KEPT = 5_000

interface Series {
  readonly path: string
  readonly name: string
  count: number
  /** Of `count`, what the server knows. */
  written: number
  lastAt: number
  writtenAt: number
  isWriting: boolean
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options)
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #limits: EventLimits
  readonly #series = new Map<string, Series>()
  readonly #writing = new Set<Promise<void>>()
  #tokens: number
  #filledAt = performance.now()
  #isStopped = false

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#tokens = this.#limits.burst
  }

  recordEvent(event: ClusterEvent): void {
    if (this.#isStopped) return
    const now = performance.now()
    const series = this.#seriesOf(event, now)
    series.count++
    series.lastAt = now
    const isDue = series.written === 0 || now - series.writtenAt >= this.#limits.repeatMs
    if (!isDue || series.isWriting || !this.#takeToken(now)) return
    const writing = this.#write(event, series).finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#writing)
  }

  #seriesOf(event: ClusterEvent, now: number): Series {
    const { regarding, type, reason, action, note } = event
    const key = JSON.stringify([regarding, type, reason, action, note])
    const before = this.#series.get(key)
    if (before !== undefined && now - before.lastAt < this.#limits.seriesMs) return before
    if (this.#series.size >= SERIES_KEPT) this.#forget(now)
    const namespace = regarding.namespace === "" ? "default" : regarding.namespace
    const distinct = createHash("sha256").update(`${key}${Date.now()}`).digest("hex").slice(0, 16)
    const series: Series = {
      path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
      name: `${regarding.name.slice(0, LONGEST_NAME)}.${distinct}`,
      count: 0,
      written: 0,
      lastAt: now,
      writtenAt: 0,
      isWriting: false,
    }
    this.#series.set(key, series)
    return series
  }

  /** What has come to its end; everything, where nothing has. */
  #forget(now: number): void {
    for (const [key, { lastAt }] of this.#series) {
      if (now - lastAt >= this.#limits.seriesMs) this.#series.delete(key)
    }
    if (this.#series.size >= SERIES_KEPT) this.#series.clear()
  }

  #takeToken(now: number): boolean {
    const { burst, perMinute } = this.#limits
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 60_000) * perMinute)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  async #write(event: ClusterEvent, series: Series): Promise<void> {
    const { client, onError } = this.#options
    const { path, name, count } = series
    series.isWriting = true
    series.writtenAt = performance.now()
    const now = microTime(new Date())
    try {
      if (series.written === 0) {
        await client.create(path, this.#eventOf(event, name, now))
      } else {
        const repeated = { series: { count, lastObservedTime: now } }
        await client.patch(`${path}/${name}`, repeated, "application/merge-patch+json")
      }
      series.written = count
    } catch (error) {
      onError?.(error instanceof Error ? error : new Error(String(error)))
    } finally {
      series.isWriting = false
    }
  }

  #eventOf({ regarding, type, reason, action, note }: ClusterEvent, name: string, now: string): unknown {
    const { reportingController, reportingInstance } = this.#options
    const namespace = regarding.namespace === "" ? "default" : regarding.namespace
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: now,
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      regarding,
      type,
      reason,
      action,
      note: cut(note, LONGEST_NOTE_BYTES),
    }
  }
}

function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  const kept = Buffer.from(text).subarray(0, bytes - 3)
  return `${kept.toString("utf8").replace(/\uFFFD+$/, "")}...`
}
