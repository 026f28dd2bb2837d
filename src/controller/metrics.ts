// Metrics of one controller replica. docs/metrics.md lists them.

import type { PolicyPhase } from "../api/policy-status.ts"
import type { Program } from "../compile/program.ts"
import type { WatchEvent, WatchStatus } from "../kubernetes/watch-event.ts"
import { LATENCY_BUCKETS, type Metrics } from "../telemetry/metrics.ts"
import type { DistributionEvent } from "./distribution-event.ts"
import { isUpToDate, type NodeState } from "./node-state.ts"
import { programSize } from "./program-size.ts"
import type { DenyChain } from "./status/denied-totals.ts"

export interface ControllerMetrics {
  distribution(event: DistributionEvent): void
  watch(event: WatchEvent): void
  denied(chain: DenyChain, packets: number): void
}

export interface MeasuredController {
  readonly nodes: () => ReadonlyMap<string, NodeState>
  readonly program: () => Program
  readonly phases: () => ReadonlyMap<PolicyPhase, number>
  readonly statusesWaiting: () => number
  readonly isLeader: () => boolean
  readonly watches: () => readonly WatchStatus[]
  readonly waitingPods: () => number
  /** A series for each node: thousands in a large cluster. */
  readonly perNode?: boolean
}

export function createControllerMetrics(metrics: Metrics, controller: MeasuredController): ControllerMetrics {
  followNodes(metrics, controller)
  followProgram(metrics, controller)
  followStatuses(metrics, controller)
  followWatches(metrics, controller)
  return {
    distribution: countDistribution(metrics),
    watch: countWatches(metrics),
    denied: countDenied(metrics),
  }
}

function countDistribution(metrics: Metrics): ControllerMetrics["distribution"] {
  const histogram = (name: string, help: string) =>
    metrics.histogram({ name, help, buckets: LATENCY_BUCKETS })
  const compile = histogram("postern_compile_seconds", "A batch of changes through the engine.")
  const fanOut = histogram(
    "postern_fan_out_seconds",
    "Updates of a batch encoded and written to all streams.",
  )
  const render = histogram("postern_render_seconds", "The whole ruleset of a node, for a stream that begins.")
  const delivery = histogram(
    "postern_delivery_seconds",
    "From a message written to a node until the node acknowledged that its kernel enforces it.",
  )
  const streams = metrics.gauge({ name: "postern_streams", help: "Agents that this replica serves." })
  const rulesets = metrics.counter({
    name: "postern_rulesets_sent_total",
    help: "Whole rulesets that streams were given; unchanged: the agent held it already.",
    labels: ["message"],
  })
  const resets = metrics.counter({
    name: "postern_stream_resets_total",
    help: "Streams that got a whole ruleset, because their reader was too slow for updates, or that ended.",
    labels: ["reason"],
  })
  return (event) => {
    switch (event.kind) {
      case "attached":
        return streams.set(event.streams)
      case "detached":
        resets.add(1, { reason: "ended" })
        return streams.set(event.streams)
      case "compiled":
        return compile.observe(event.seconds)
      case "delivered":
        return fanOut.observe(event.seconds)
      case "whole":
        rulesets.add(1, { message: event.message })
        return render.observe(event.seconds)
      case "acknowledged":
        return delivery.observe(event.seconds)
      case "reset":
        return resets.add(1, { reason: "slow" })
    }
  }
}

function countWatches(metrics: Metrics): ControllerMetrics["watch"] {
  const restarts = metrics.counter({
    name: "postern_watch_restarts_total",
    help: "Watches of the API server that broke, had to begin with a list again, or did not bring what the server has.",
    labels: ["resource", "reason"],
  })
  const odd = metrics.counter({
    name: "postern_watch_odd_objects_total",
    help: "Objects with a field that could not be read.",
    labels: ["resource"],
  })
  const unproven = metrics.counter({
    name: "postern_unproven_pods_total",
    help: "New pods that were let in although a watch of what decides over them was behind.",
  })
  return (event) => {
    const { kind, resource } = event
    switch (kind) {
      case "failed":
      case "expired":
      case "stale":
        return restarts.add(1, { resource, reason: kind })
      case "unproven":
        return unproven.add(event.count)
      case "odd-object":
        return odd.add(1, { resource })
      case "listed":
      case "resumed":
      case "watch-list-refused":
      case "absent":
        return
    }
  }
}

function followWatches(metrics: Metrics, { watches, waitingPods }: MeasuredController): void {
  const silent = metrics.gauge({
    name: "postern_watch_silent_seconds",
    help: "How long the API server has said nothing of a resource, bookmarks and newly taken streams included.",
    labels: ["resource"],
  })
  const waiting = metrics.gauge({
    name: "postern_waiting_pods",
    help: "New pods that wait until all is known that decides over them.",
  })
  metrics.onRead(() => {
    silent.replace(watches().map(({ resource, silentMs = 0 }) => [silentMs / 1_000, { resource }] as const))
    waiting.set(waitingPods())
  })
}

/** Policy stacks with a series of their own; what others deny is counted together. */
const MOST_STACKS = 1_000
const MOST_LABEL_CHARACTERS = 200
const OTHER = "other"

function countDenied(metrics: Metrics): ControllerMetrics["denied"] {
  const packets = metrics.counter({
    name: "postern_denied_packets_total",
    help: `Packets that policies have denied on the nodes of this replica; "${OTHER}" beyond ${MOST_STACKS} combinations.`,
    labels: ["namespace", "direction", "policy", "enforcement"],
  })
  const series = new Set<string>()
  return ({ direction, policies, namespaces, observed }, count) => {
    const enforcement = observed ? "observe" : "enforce"
    const policy = policies
      .map(({ name }) => name)
      .join(",")
      .slice(0, MOST_LABEL_CHARACTERS)
    const namespace = namespaces.length === 1 ? (namespaces[0] ?? "") : ""
    const key = JSON.stringify([namespace, direction, policy, enforcement])
    if (series.size >= MOST_STACKS && !series.has(key)) {
      return packets.add(count, { namespace: OTHER, direction, policy: OTHER, enforcement })
    }
    series.add(key)
    packets.add(count, { namespace, direction, policy, enforcement })
  }
}

function followNodes(metrics: Metrics, { nodes, perNode = false }: MeasuredController): void {
  const states = metrics.gauge({
    name: "postern_nodes",
    help: "Nodes by what this replica knows of them; elsewhere: without a stream here.",
    labels: ["state"],
  })
  const behind = metrics.gauge({
    name: "postern_node_behind_seconds",
    help: "How long the node that has lagged behind longest has done so, of those served here.",
  })
  const lag = perNode
    ? metrics.gauge({
        name: "postern_node_revision_lag",
        help: "Revisions that were sent to a node and are not in force there; with a switch, because of its many series.",
        labels: ["node"],
      })
    : undefined
  metrics.onRead(() => {
    const all = [...nodes().values()]
    const counts = Map.groupBy(all, stateOf)
    states.replace(NODE_STATES.map((state) => [counts.get(state)?.length ?? 0, { state }] as const))
    const lagging = all.filter((state) => state.connected && !isUpToDate(state) && state.desiredSince > 0)
    const since = lagging.reduce((earliest, { desiredSince }) => Math.min(earliest, desiredSince), Date.now())
    behind.set((Date.now() - since) / 1_000)
    lag?.replace(
      all.filter(({ connected }) => connected).map((state) => [lagOf(state), { node: state.node }] as const),
    )
  })
}

const NODE_STATES = ["programmed", "behind", "error", "observing", "elsewhere"] as const

function stateOf(state: NodeState): (typeof NODE_STATES)[number] {
  const { connected, report } = state
  if (!connected) return "elsewhere"
  if (report?.observing === true) return "observing"
  if (report !== undefined && (report.error !== "" || report.failedClosed.length > 0)) return "error"
  return isUpToDate(state) ? "programmed" : "behind"
}

function lagOf({ desiredRevision, report }: NodeState): number {
  return Math.max(0, desiredRevision - (report?.revision ?? 0))
}

function followProgram(metrics: Metrics, { program }: MeasuredController): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name: `postern_program_${name}`, help })
  const classes = gauge("classes", "Distinct policy stacks in a direction, of all nodes.")
  const chains = gauge("stages", "Stages of their tiers: each is a chain at least on every node that has it.")
  const sets = gauge("sets", "Distinct sets of pod addresses, of all nodes.")
  const elements = gauge("set_elements", "Their elements, each set counted once.")
  const endpoints = gauge("endpoints", "Addresses of pods with a node.")
  const nodes = gauge("nodes", "Nodes that a Node object or a pod names.")
  metrics.onRead(
    now(() => {
      const size = programSize(program())
      classes.set(size.classes)
      chains.set(size.stages)
      sets.set(size.sets)
      elements.set(size.elements)
      endpoints.set(size.endpoints)
      nodes.set(size.nodes)
    }),
  )
}

/** Counting goes through the whole program: not for every reader who comes by. */
const COUNT_EVERY_MS = 30_000

function now(count: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - last < COUNT_EVERY_MS) return
    last = performance.now()
    count()
  }
}

function followStatuses(metrics: Metrics, { phases, statusesWaiting, isLeader }: MeasuredController): void {
  const policies = metrics.gauge({
    name: "postern_policies",
    help: "Policies by phase, as the leader sees them; other replicas have none.",
    labels: ["phase"],
  })
  const waiting = metrics.gauge({
    name: "postern_statuses_waiting",
    help: "Statuses of policies and nodes that are to be written; they wait for their turn, or for this replica to lead.",
  })
  const leader = metrics.gauge({ name: "postern_leader", help: "1 on the replica that writes statuses." })
  metrics.onRead(() => {
    policies.replace([...phases()].map(([phase, count]) => [count, { phase }] as const))
    waiting.set(statusesWaiting())
    leader.set(isLeader() ? 1 : 0)
  })
}
