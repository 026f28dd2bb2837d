// Metrics of one agent.

import { LATENCY_BUCKETS, type Metrics } from "../../telemetry/metrics.ts"
import type { DenyCount } from "../deny-counts.ts"
import type { Problem } from "../problem.ts"
import type { EnforcerStatus } from "../status.ts"

export interface AgentMetrics {
  /** From a message's arrival until live connections obeyed it. */
  applied(milliseconds: number): void
  /** From CNI's result until the pod's address was judged by its policies. */
  podProgrammed(milliseconds: number): void
  streamConnected(isConnected: boolean): void
  denied(counts: readonly DenyCount[]): void
}

export function createAgentMetrics(metrics: Metrics, status: () => EnforcerStatus): AgentMetrics {
  followStatus(metrics, status)
  const apply = metrics.histogram({
    name: "postern_agent_apply_seconds",
    help: "From the arrival of a message of the controller until new and live connections obeyed it.",
    buckets: LATENCY_BUCKETS,
  })
  const programmed = metrics.histogram({
    name: "postern_agent_pod_address_to_programmed_seconds",
    help: "From the CNI plugin's result for a pod until the pod's address was judged by its policies.",
    buckets: LATENCY_BUCKETS,
  })
  const connected = metrics.gauge({
    name: "postern_agent_stream_connected",
    help: "1 while a controller replica serves this agent.",
  })
  const restarts = metrics.counter({
    name: "postern_agent_stream_restarts_total",
    help: "Streams that ended or did not come about.",
  })
  return {
    applied: (milliseconds) => apply.observe(milliseconds / 1_000),
    podProgrammed: (milliseconds) => programmed.observe(milliseconds / 1_000),
    streamConnected: (isConnected) => {
      connected.set(isConnected ? 1 : 0)
      if (!isConnected) restarts.add(1)
    },
    denied: followDenied(metrics),
  }
}

function followStatus(metrics: Metrics, status: () => EnforcerStatus): void {
  const counter = (name: string, help: string) => metrics.counter({ name: `postern_agent_${name}`, help })
  const gauge = (name: string, help: string) => metrics.gauge({ name: `postern_agent_${name}`, help })
  const transactions = counter("transactions_total", "Changes of the kernel's tables that were applied.")
  const failures = counter("transaction_failures_total", "Transactions that the kernel refused.")
  const repairs = counter("drift_repairs_total", "Times that others' changes of our tables were undone.")
  const revision = gauge(
    "revision",
    "Revision that the kernel enforces, for live connections too; 0 for none.",
  )
  const wanted = gauge("wanted_revision", "Revision that was asked for; 0 for none.")
  const observing = gauge(
    "observing",
    "1 while this node was put into observe mode by hand: nothing is dropped.",
  )
  const sets = gauge("sets", "Sets and maps of the program.")
  const elements = gauge("set_elements", "Elements of the program's sets and maps.")
  const chains = gauge("chains", "Chains of the program.")
  const problems = metrics.gauge({
    name: "postern_agent_problems",
    help: "What keeps policy from being enforced on this node, or from being enforced whole.",
    labels: ["code", "severity"],
  })
  metrics.onRead(() => {
    const now = status()
    transactions.reached(now.counters.applied)
    failures.reached(now.counters.refused)
    repairs.reached(now.counters.repaired)
    revision.set(now.revision ?? 0)
    wanted.set(now.wanted ?? 0)
    observing.set(now.observing ? 1 : 0)
    sets.set(now.sizes.sets)
    elements.set(now.sizes.elements)
    chains.set(now.sizes.chains)
    const found = Map.groupBy(now.problems, ({ code, severity }) => `${severity} ${code}`)
    problems.replace([...found.values()].flatMap(countOf))
  })
}

function countOf(problems: readonly Problem[]) {
  const [first] = problems
  if (first === undefined) return []
  return [[problems.length, { code: first.code, severity: first.severity }] as const]
}

/** So many chains have a series of their own; what others deny is counted together. */
const MOST_CHAINS = 200
const OTHER = "other"
/** Readings, one every ten seconds, after which a chain that denies nothing gives its series to another one. */
const IDLE_READINGS = 60

function followDenied(metrics: Metrics): (counts: readonly DenyCount[]) => void {
  const packets = metrics.counter({
    name: "postern_agent_denied_packets_total",
    help: `Packets that a deny chain has dropped or, in observe mode, would have; "${OTHER}" beyond ${MOST_CHAINS} chains.`,
    labels: ["chain"],
  })
  /** Chains with a series, by the reading at which they last denied: the longest ago first. */
  const own = new Map<string, number>()
  let before = new Map<string, number>()
  let reading = 0
  const labelOf = (chain: string): string => {
    const [idlest] = own
    if (own.size >= MOST_CHAINS && !own.has(chain) && idlest !== undefined) {
      const [idle, since] = idlest
      if (reading - since <= IDLE_READINGS) return OTHER
      own.delete(idle)
      packets.remove({ chain: idle })
    }
    own.delete(chain)
    own.set(chain, reading)
    return chain
  }
  return (counts) => {
    reading++
    for (const { chain, packets: total } of counts.toSorted((a, b) => b.packets - a.packets)) {
      const more = total - (before.get(chain) ?? 0)
      if (more > 0) packets.add(more, { chain: labelOf(chain) })
    }
    before = new Map(counts.map(({ chain, packets: total }) => [chain, total]))
  }
}
