// Distribution: the engine's program, brought to the agent of every node as a stream of rulesets and updates.
//
// Nothing is sent before the first lists are whole, and nothing to a node that no Node object and no pod names: its
// agent keeps what it holds. An empty program in their place would open a node whose object was deleted by mistake.

import type { Engine } from "../compile/engine/engine.ts"
import type { NodeDelta, ProgramDelta } from "../compile/program.ts"
import type { RulesetOptions } from "../compile/ruleset/options.ts"
import { renderDelta } from "../compile/ruleset/render-delta.ts"
import type { Change } from "../compile/snapshot.ts"
import type { NodeReport, StreamRequest } from "../wire/messages.ts"
import { createAddressOwners } from "./address-owners.ts"
import { createBatcher } from "./batcher.ts"
import { type DistributionEvent } from "./distribution-event.ts"
import { NodeRegister } from "./node-register.ts"
import type { NodeState } from "./node-state.ts"
import { NodeStream, type StreamSink } from "./node-stream.ts"
import { type NodeContent, RulesetPump } from "./ruleset-pump.ts"
import { createSharedUpdates, type SharedUpdates } from "./shared-updates.ts"
import { encodeMessage } from "./stream-message.ts"

export interface DistributorOptions {
  readonly engine: Engine
  readonly ruleset: RulesetOptions
  readonly replicas?: readonly string[]
  readonly onEvent?: (event: DistributionEvent) => void
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Batches that come within so many milliseconds of the last are applied together; 5 by default, 0 for never. */
  readonly mergeMs?: number
  /** False while no report can be taken, because nobody can say whose it is: then silence means nothing. */
  readonly canHear?: () => boolean
  /** See History: goes into the asOf of what is sent. */
  readonly mark?: () => string
}

export interface StreamAttachment {
  /** The agent has gone. */
  detach(): void
  /** The sink has taken all that was written to it. */
  drained(): void
}

export interface Distributor {
  /** The first call has the whole first lists: nothing is sent before it. */
  apply(changes: readonly Change[]): void
  setSettings(ruleset: RulesetOptions): void
  setReplicas(replicas: readonly string[]): void
  /** A newer stream of a node ends the older. `hello` must have been written to the sink. */
  attach(node: string, request: StreamRequest, sink: StreamSink): StreamAttachment
  report(node: string, report: NodeReport): void
  /** Every node that the program knows or that has had a stream here. */
  nodes(): ReadonlyMap<string, NodeState>
  onNodeState(listener: (state: NodeState) => void): () => void
  /** After each batch, when its updates are written. What the delta hands out is true until the next. */
  onProgram(listener: (delta: ProgramDelta) => void): () => void
  readonly isReady: boolean
  /** Ticks every second or so, until `close`. */
  start(): void
  /** Sends "alive" where nothing was sent for a while, and ends the streams of agents that are silent. */
  tick(): void
  /** Ends every stream, spread over so many milliseconds, so that not all agents reconnect at once. */
  close(overMs: number): Promise<void>
}

export function createDistributor(options: DistributorOptions): Distributor {
  return new ProgramDistributor(options)
}

const BEAT_MS = 1_000
/** Three of the reports that an agent sends at least. A node that lost its power says nothing, and TCP notices late. */
const SILENT_MS = 200_000
const MERGE_MS = 5

class ProgramDistributor implements Distributor {
  readonly #engine: Engine
  readonly #now: () => number
  readonly #canHear: () => boolean
  readonly #mark: () => string
  readonly #emit: (event: DistributionEvent) => void
  readonly #owners = createAddressOwners()
  readonly #register: NodeRegister
  readonly #streams = new Map<string, NodeStream>()
  readonly #pump: RulesetPump
  readonly #listeners = new Set<(delta: ProgramDelta) => void>()
  readonly #batcher
  #ruleset: RulesetOptions
  #replicas: readonly string[]
  #asOf = ""
  #owned = ""
  #heartbeat: NodeJS.Timeout | undefined

  constructor(options: DistributorOptions) {
    this.#engine = options.engine
    this.#ruleset = options.ruleset
    this.#replicas = options.replicas ?? []
    this.#now = options.now ?? Date.now
    this.#canHear = options.canHear ?? (() => true)
    this.#mark = options.mark ?? (() => "")
    this.#emit = options.onEvent ?? (() => undefined)
    this.#register = new NodeRegister(this.#now)
    this.#pump = new RulesetPump({
      engine: this.#engine,
      ruleset: () => this.#ruleset,
      streamOf: (node) => this.#streams.get(node),
      send: (stream, content) => this.#sendWhole(stream, content),
    })
    this.#batcher = createBatcher((changes) => this.#applyBatch(changes), options.mergeMs ?? MERGE_MS)
  }

  get isReady(): boolean {
    return this.#asOf !== ""
  }

  apply(changes: readonly Change[]): void {
    this.#batcher.add(changes)
  }

  setSettings(ruleset: RulesetOptions): void {
    this.#ruleset = ruleset
    this.#pump.settingsChanged()
    const delta = this.#engine.setEnforcement(ruleset.enforcement)
    for (const stream of this.#streams.values()) this.#want(stream)
    if (this.isReady) for (const listener of this.#listeners) listener(delta)
  }

  setReplicas(replicas: readonly string[]): void {
    if (replicas.join() === this.#replicas.join()) return
    this.#replicas = replicas
    const line = encodeMessage({ kind: "replicas", replicas })
    for (const stream of this.#streams.values()) if (!stream.isBlocked) stream.sendLine(line, this.#now())
  }

  attach(node: string, request: StreamRequest, sink: StreamSink): StreamAttachment {
    this.#streams.get(node)?.end("replaced by a newer stream")
    const stream = new NodeStream(node, request, { sink, now: this.#now() })
    this.#streams.set(node, stream)
    this.#register.connected(node, request.version)
    this.#emit({ kind: "attached", node, streams: this.#streams.size })
    this.#want(stream)
    return {
      detach: () => {
        if (this.#streams.get(node) !== stream) return
        this.#streams.delete(node)
        this.#pump.drop(stream)
        this.#register.disconnected(node)
        this.#emit({ kind: "detached", node, streams: this.#streams.size })
      },
      drained: () => {
        if (this.#streams.get(node) !== stream) return
        this.#pump.drained(stream)
        if (!stream.isFollowing) this.#want(stream)
      },
    }
  }

  report(node: string, report: NodeReport): void {
    const sentAt = this.#streams.get(node)?.acknowledge(report, this.#now())
    if (sentAt !== undefined && report.error === "")
      this.#emit({ kind: "acknowledged", node, seconds: (this.#now() - sentAt) / 1000 })
    this.#register.reported(node, report)
  }

  nodes(): ReadonlyMap<string, NodeState> {
    return this.#register.states
  }

  onNodeState(listener: (state: NodeState) => void): () => void {
    return this.#register.listen(listener)
  }

  onProgram(listener: (delta: ProgramDelta) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#heartbeat ??= setInterval(() => this.tick(), BEAT_MS)
  }

  tick(): void {
    const now = this.#now()
    const canHear = this.#canHear()
    for (const stream of this.#streams.values()) {
      if (!canHear) stream.excuse(now)
      if (now - stream.heardAt > SILENT_MS) stream.end("no report for long")
      else stream.beat(this.#asOf, now)
    }
  }

  async close(overMs: number): Promise<void> {
    clearInterval(this.#heartbeat)
    this.#pump.close()
    this.#batcher.close()
    const streams = [...this.#streams.values()]
    for (const stream of streams) {
      stream.end("this replica stops")
      await new Promise((resolve) => setTimeout(resolve, overMs / streams.length))
    }
  }

  #applyBatch(changes: readonly Change[]): void {
    const began = performance.now()
    const delta = this.#engine.apply(changes)
    this.#pump.programChanged(delta)
    this.#owners.follow(changes)
    const isFirst = !this.isReady
    // Only pods change owners. A replica that hears of no pods for long has an old time, never one too new.
    if (isFirst || changes.some(({ kind }) => kind === "pod"))
      this.#owned = this.#owners.asOf(new Date(this.#now()).toISOString())
    // Nodes and services change all the time, and every stream is told of a new asOf.
    if (isFirst || changes.some(({ kind }) => kind !== "node" && kind !== "service"))
      this.#asOf = [this.#owned, this.#mark()].join(" ").trim()
    this.#emit({ kind: "compiled", changes: changes.length, seconds: (performance.now() - began) / 1000 })
    this.#pump.open()
    this.#distribute(delta)
    this.#register.keepOnly(this.#engine.program().nodes)
    for (const listener of this.#listeners) listener(delta)
  }

  #distribute(delta: ProgramDelta): void {
    const began = performance.now()
    const shared = createSharedUpdates(delta, this.#asOf)
    const sent = [...this.#streams.values()].filter((stream) => this.#follow(stream, delta, shared))
    if (sent.length > 0)
      this.#emit({ kind: "delivered", streams: sent.length, seconds: (performance.now() - began) / 1000 })
    // When all is written: who listens must not keep the last agent waiting.
    for (const { node, revision } of sent) this.#register.sent(node, revision)
    this.#pump.run()
  }

  /** True where a line was written. */
  #follow(stream: NodeStream, delta: ProgramDelta, shared: SharedUpdates): boolean {
    const { node } = stream
    const ofNode = shared.ofNode(node)
    if (!stream.keepForgotten(delta.forget)) {
      stream.end("too much is not acknowledged")
      return false
    }
    if (!stream.isFollowing) {
      this.#want(stream)
      return false
    }
    if (!shared.concerns(node)) return false
    if (stream.isBlocked) {
      this.#loseTrack(stream)
      this.#emit({ kind: "reset", node })
      return false
    }
    return this.#sendUpdate(stream, shared, ofNode)
  }

  #sendUpdate(stream: NodeStream, shared: SharedUpdates, ofNode: NodeDelta | undefined): boolean {
    const body = shared.bodyFor(stream.node, {
      owed: stream.owedAddresses,
      render: (delta) => renderDelta(this.#engine.program(), delta, stream.node, this.#ruleset),
      ofNode,
    })
    if (body === "whole") {
      this.#want(stream)
      return false
    }
    if (body === "nothing") return false
    stream.sendUpdate(body.text, this.#asOf, this.#now())
    return true
  }

  #loseTrack(stream: NodeStream): void {
    if (stream.isFollowing) this.#register.sent(stream.node, 0)
    stream.loseTrack()
  }

  #want(stream: NodeStream): void {
    this.#loseTrack(stream)
    this.#pump.want(stream)
  }

  #sendWhole(stream: NodeStream, contentOf: () => NodeContent): void {
    const { node, request, hasBegun } = stream
    const began = performance.now()
    const forget = hasBegun ? [] : this.#owners.changedSince(request.asOf, request.connections)
    const content = { ...contentOf(), asOf: this.#asOf, forget }
    const kind = stream.sendWhole(content, this.#now())
    this.#register.sent(node, stream.revision)
    this.#emit({ kind: "whole", node, message: kind, seconds: (performance.now() - began) / 1000 })
  }
}
