// Writes the statuses of policies and nodes, on the replica that leads; the others keep themselves ready.

import type { NodeStatusStatus } from "../../api/node-status.ts"
import type { PolicyPhase, PolicyStatusStatus } from "../../api/policy-status.ts"
import type { Engine } from "../../compile/engine/engine.ts"
import type { RulesetOptions } from "../../compile/ruleset/options.ts"
import type { Change } from "../../compile/snapshot.ts"
import type { KubernetesClient } from "../../kubernetes/client.ts"
import type { ClusterEvent } from "../../kubernetes/events.ts"
import { createListWatch, type ListWatch } from "../../kubernetes/list-watch.ts"
import type { Resource } from "../../kubernetes/resource.ts"
import type { WatchEvent } from "../../kubernetes/watch-event.ts"
import type { Log } from "../../telemetry/log.ts"
import type { Distributor } from "../distributor.ts"
import type { NodeState } from "../node-state.ts"
import { createReplicaExchange, type ReplicaExchange } from "../replicas/exchange.ts"
import type { NewsSenderOptions } from "../replicas/news-sender.ts"
import type { ReplicaNews } from "../replicas/replica-news.ts"
import { createClusterNotes } from "./cluster-notes.ts"
import { createConcernedPolicies } from "./concerned-policies.ts"
import { createDeniedTotals, type DeniedTotals, type DenyChain } from "./denied-totals.ts"
import { createDenyChains } from "./deny-chains.ts"
import { createLabelMistakes } from "./label-mistakes.ts"
import { createNodeBoard, type NodeBoard } from "./node-board.ts"
import { createNodeStatuses, type NodeStatuses } from "./node-statuses.ts"
import { policyEvent } from "./policy-events.ts"
import { policyKey } from "./policy-key.ts"
import { createPolicyProgress, type PolicyProgress } from "./policy-progress.ts"
import { createPolicyRounds, type PolicyRounds } from "./policy-rounds.ts"
import { createPolicyStatuses, type PolicyStatuses } from "./policy-statuses.ts"
import { createStatusObjects, type StatusObject, type StatusObjects } from "./status-objects.ts"
import { nodeStatuses, nodeStatusResource, policyStatuses, policyStatusResource } from "./status-resource.ts"
import { createWriteQueue, type WriteOutcome, type WriteQueue } from "./write-queue.ts"

export interface StatusWriterOptions {
  readonly client: KubernetesClient
  readonly engine: Pick<Engine, "policies" | "policyView" | "program">
  readonly distributor: Pick<Distributor, "nodes" | "onNodeState" | "onProgram">
  /** The settings in force. */
  readonly ruleset: () => RulesetOptions
  readonly log: Log
  readonly recordEvent?: (event: ClusterEvent) => void
  readonly onDenied?: (chain: DenyChain, packets: number) => void
  readonly onWatchEvent?: (event: WatchEvent) => void
  /** How other replicas are told what agents say here; without it this one is alone. */
  readonly post?: NewsSenderOptions["post"]
  /** Requests a second. */
  readonly rate?: number
}

export interface StatusWriter {
  /** Resolves when the statuses that are there are known. */
  start(): Promise<void>
  stop(): Promise<void>
  setLeader(leads: boolean): void
  /** To be told before the distributor is given the same changes. */
  follow(changes: readonly Change[]): void
  /** "address:port" of the other replicas. */
  setReplicas(replicas: readonly string[]): void
  /** From another replica; false where something before it is missing. */
  takeNews(news: ReplicaNews): boolean
  /** Of the policies that were looked at last; empty on a replica that does not lead. */
  phases(): ReadonlyMap<PolicyPhase, number>
  readonly waiting: number
}

const RATE = 20
const BURST = 40
const TICK_MS = 250
const DENIED_EVERY_MS = 60_000

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new LeaderWriter(options)
}

class LeaderWriter implements StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #policyObjects: StatusObjects<PolicyStatusStatus>
  readonly #nodeObjects: StatusObjects<NodeStatusStatus>
  readonly #board: NodeBoard
  readonly #progress: PolicyProgress
  readonly #exchange: ReplicaExchange
  readonly #denied: DeniedTotals
  readonly #policies: PolicyStatuses
  readonly #nodes: NodeStatuses
  readonly #queue: WriteQueue
  readonly #rounds: PolicyRounds
  readonly #labels = createLabelMistakes((event) => this.#options.recordEvent?.(event))
  readonly #notes = createClusterNotes({
    onMode: () => this.#rounds.hurry(),
    onNodeGone: (node) => this.#dropNode(node),
    onLabel: (namespace, label) => this.#labels.follow(namespace, label),
  })
  readonly #watches: readonly ListWatch[]
  readonly #ends: (() => void)[] = []
  readonly #changed = new Set<string>()
  #leaderSince: number | undefined
  #isSynced = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: StatusWriterOptions) {
    this.#options = options
    const { client, engine, distributor } = options
    this.#board = createNodeBoard(
      createConcernedPolicies({ program: engine.program, ruleset: options.ruleset }),
    )
    this.#policyObjects = createStatusObjects(client, policyStatuses)
    this.#nodeObjects = createStatusObjects(client, nodeStatuses)
    this.#denied = createDeniedTotals({
      chainNamed: createDenyChains({ program: engine.program, ruleset: options.ruleset }),
      onDenied: options.onDenied ?? (() => undefined),
      onCounted: (key, more) => this.#exchange.denied(key, more),
    })
    this.#progress = createPolicyProgress({
      stateOf: (node) => distributor.nodes().get(node),
      onConfirmed: (key) => {
        this.#touch(key)
        this.#exchange.policyChanged(key)
      },
      onFollowed: (key) => this.#exchange.followed(key),
    })
    this.#exchange = createReplicaExchange({
      progress: this.#progress,
      localNodes: () => distributor.nodes(),
      onNode: (node) => this.#settleNode(node),
      onDenied: (key, more) => this.#denied.add(key, more),
      post: options.post ?? (async () => "failed"),
    })
    this.#policies = createPolicyStatuses({
      policyView: engine.policyView,
      modeOf: (namespace) => this.#notes.modeOf(namespace) ?? options.ruleset().enforcement,
      objects: this.#policyObjects,
      board: this.#board,
      progress: this.#progress,
      denied: this.#denied,
      deniedEveryMs: () => Math.max(DENIED_EVERY_MS, (this.#rounds.policies * 4_000) / this.#rate),
      onTransition: (transition) => {
        const event = policyEvent(transition)
        if (event !== undefined) options.recordEvent?.(event)
      },
    })
    this.#nodes = createNodeStatuses({
      client,
      objects: this.#nodeObjects,
      board: this.#board,
      isKnown: (node) => distributor.nodes().has(node),
    })
    this.#rounds = createPolicyRounds(engine.policies)
    this.#queue = createWriteQueue({
      rate: this.#rate,
      burst: BURST,
      write: (key) => this.#write(key),
      onError: (key, error) => options.log.warn({ err: error, status: key }, "a status could not be written"),
    })
    this.#watches = [
      this.#watch(policyStatusResource, this.#policyObjects),
      this.#watch(nodeStatusResource, this.#nodeObjects),
    ]
  }

  get waiting(): number {
    return this.#queue.waiting
  }

  get #rate(): number {
    return this.#options.rate ?? RATE
  }

  async start(): Promise<void> {
    const { distributor } = this.#options
    for (const watch of this.#watches) watch.start()
    for (const state of distributor.nodes().values()) this.#nodeChanged(state)
    this.#ends.push(
      distributor.onNodeState((state) => this.#nodeChanged(state)),
      distributor.onProgram(() => this.#programChanged()),
    )
    await Promise.all(this.#watches.map(({ synced }) => synced))
    this.#isSynced = true
    this.#settleLeader()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const end of this.#ends.splice(0)) end()
    await Promise.all([
      this.#exchange.stop(),
      this.#queue.close(),
      ...this.#watches.map((watch) => watch.stop()),
    ])
  }

  setLeader(leads: boolean): void {
    // What was counted up to now, the last leader has written.
    if (leads && this.#leaderSince === undefined) this.#denied.clear()
    this.#labels.setLeader(leads)
    this.#leaderSince = leads ? (this.#leaderSince ?? Date.now()) : undefined
    this.#settleLeader()
  }

  setReplicas(replicas: readonly string[]): void {
    this.#exchange.setPeers(replicas)
  }

  takeNews(news: ReplicaNews): boolean {
    return this.#exchange.take(news)
  }

  follow(changes: readonly Change[]): void {
    this.#notes.follow(changes)
  }

  phases(): ReadonlyMap<PolicyPhase, number> {
    return this.#leaderSince === undefined ? new Map() : this.#rounds.phases()
  }

  #watch<S>(resource: Resource<StatusObject<S>>, objects: StatusObjects<S>): ListWatch {
    const { client, onWatchEvent } = this.#options
    return createListWatch({
      client,
      resource,
      handler: (changes) => {
        for (const change of changes) {
          if (change.op === "set") objects.seen(change.value)
          else objects.gone(change.key.namespace, change.key.name)
        }
      },
      ...(onWatchEvent === undefined ? {} : { onEvent: onWatchEvent }),
    })
  }

  #settleLeader(): void {
    this.#queue.setPaused(!this.#isSynced || this.#leaderSince === undefined)
    this.#rounds.hurry()
  }

  #dropNode(node: string): void {
    this.#nodes.forgetOwner(node)
    this.#board.drop(node)
    this.#denied.dropNode(node)
    this.#changed.add(node)
  }

  #programChanged(): void {
    const now = Date.now()
    for (const [key, policy] of this.#notes.takePolicies()) {
      const view = this.#options.engine.policyView(policy)
      if (view === undefined || this.#policies.look(view, now).isNews) this.#touch(key)
    }
  }

  #nodeChanged(state: NodeState): void {
    if (state.report?.denied !== undefined) this.#denied.report(state.node, state.report.denied)
    this.#progress.nodeChanged(state)
    this.#exchange.nodeChanged(state)
    this.#settleNode(state.node)
  }

  #settleNode(node: string): void {
    const state = this.#exchange.stateOf(node)
    if (state !== undefined && this.#board.changed(state, Date.now())) this.#rounds.hurry()
    this.#changed.add(node)
  }

  #tick(): void {
    const now = Date.now()
    this.#exchange.tick(now)
    for (const node of this.#board.passed(now)) {
      this.#changed.add(node)
      this.#rounds.hurry()
    }
    for (const node of this.#changed) if (this.#nodes.isNews(node, now)) this.#queue.touch(`node ${node}`)
    this.#changed.clear()
    this.#lookAround(now)
  }

  #lookAround(now: number): void {
    const ends = this.#rounds.goOn((view) => {
      const { phase, isNews } = this.#policies.look(view, now)
      if (isNews) this.#touch(policyKey(view.reference))
      return phase
    })
    if (!ends) return
    for (const key of this.#policies.orphans()) this.#touch(key)
    const nodes = [...this.#options.distributor.nodes().keys()].filter((node) =>
      this.#nodes.isNews(node, now),
    )
    for (const node of [...nodes, ...this.#nodes.orphans()]) this.#queue.touch(`node ${node}`)
  }

  #touch(policy: string): void {
    this.#queue.touch(`policy ${policy}`)
  }

  async #write(key: string): Promise<WriteOutcome> {
    const [kind = "", name = ""] = key.split(" ")
    const times = { now: Date.now(), leaderSince: this.#leaderSince ?? Date.now() }
    return kind === "policy" ? await this.#policies.write(name, times) : await this.#nodes.write(name, times)
  }
}
