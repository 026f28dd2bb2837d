// A cluster for drawing: many namespaces of a few habits each, as connectivity.

import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  connectionSetOf,
  intersect,
  isNone,
  NO_CONNECTIONS,
  union,
} from "../../../../src/analysis/connection-set.ts"
import type { Connectivity } from "../../../../src/analysis/connectivity.ts"
import { type AnalysisEnd, endText, type WorkloadEnd } from "../../../../src/analysis/end.ts"

const HABITS = ["tiers", "open", "own", "outwards"] as const
const TIERS = ["web", "api", "worker", "store", "cache"] as const
const OUTSIDE = [
  ["0.0.0.0", "203.0.112.255"],
  ["203.0.113.0", "203.0.113.255"],
  ["203.0.114.0", "255.255.255.255"],
  ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
] as const

const dns = connectionSetOf([
  { protocol: "UDP", from: 53, to: 53 },
  { protocol: "TCP", from: 53, to: 53 },
])

/** Workloads by the dozen: `namespaces` times `each`, and a kube-system and a monitoring namespace. */
export function town(namespaces: number, each: number): Connectivity {
  const ends: AnalysisEnd[] = [
    workload("kube-system", "coredns"),
    { ...workload("kube-system", "node-exporter"), workload: "DaemonSet", hostNetwork: true },
    workload("monitoring", "prometheus"),
  ]
  for (let n = 0; n < namespaces; n++) {
    for (let w = 0; w < each; w++) {
      const tier = TIERS[w % TIERS.length] ?? "web"
      ends.push(workload(`${HABITS[n % HABITS.length]}-${n + 1}`, `${tier}-${w + 1}`))
    }
  }
  ends.push(...OUTSIDE.map(([from, to]) => ({ kind: "range", from, to }) as const))
  ends.sort((a, b) => (endText(a) < endText(b) ? -1 : 1))
  const lines = ends.flatMap((source) =>
    ends.flatMap((destination) => {
      if (source === destination || (source.kind === "range" && destination.kind === "range")) return []
      const connections = intersect(egress(source, destination), ingress(source, destination))
      return isNone(connections) ? [] : [{ source, destination, connections, observed: false }]
    }),
  )
  return { ends, lines, notes: [], complete: true }
}

function workload(namespace: string, name: string): WorkloadEnd {
  return { kind: "workload", namespace, name, workload: "Deployment", pods: 2, hostNetwork: false }
}

function tcp(...ports: readonly number[]): ConnectionSet {
  return connectionSetOf(ports.map((port) => ({ protocol: "TCP", from: port, to: port })))
}

function egress(source: AnalysisEnd, destination: AnalysisEnd): ConnectionSet {
  if (source.kind === "range" || source.hostNetwork) return ALL_CONNECTIONS
  const toDns = destination.kind === "workload" && destination.name === "coredns" ? dns : NO_CONNECTIONS
  switch (habitOf(source)) {
    case "tiers":
      return union(toDns, isNeighbour(source, destination) ? tcp(8080) : toProvider(source, destination))
    case "outwards":
      return union(toDns, tcp(443))
    case "own":
    case "open":
    case undefined:
      return ALL_CONNECTIONS
  }
}

function ingress(source: AnalysisEnd, destination: AnalysisEnd): ConnectionSet {
  if (destination.kind === "range" || destination.hostNetwork) return ALL_CONNECTIONS
  if (destination.name === "coredns") return dns
  const scrape = source.kind === "workload" && source.name === "prometheus" ? tcp(9100) : NO_CONNECTIONS
  switch (habitOf(destination)) {
    case "tiers":
      return union(
        scrape,
        isPublic(destination) || isNeighbour(source, destination) ? tcp(8080) : NO_CONNECTIONS,
      )
    case "own":
      return source.kind === "workload" && source.namespace === destination.namespace
        ? ALL_CONNECTIONS
        : scrape
    case "outwards":
    case "open":
    case undefined:
      return ALL_CONNECTIONS
  }
}

function habitOf({ namespace }: WorkloadEnd): (typeof HABITS)[number] | undefined {
  return HABITS.find((habit) => namespace.startsWith(`${habit}-`))
}

/** The tier behind, in the same namespace. */
function isNeighbour(source: AnalysisEnd, destination: AnalysisEnd): boolean {
  if (source.kind === "range" || destination.kind === "range") return false
  return source.namespace === destination.namespace && tierOf(destination) === tierOf(source) + 1
}

function isPublic(end: WorkloadEnd): boolean {
  return tierOf(end) === 0
}

function toProvider(source: WorkloadEnd, destination: AnalysisEnd): ConnectionSet {
  const isProvider = destination.kind === "range" && destination.from === "203.0.113.0"
  return isProvider && tierOf(source) === 2 ? tcp(443) : NO_CONNECTIONS
}

function tierOf({ name }: WorkloadEnd): number {
  return TIERS.findIndex((tier) => name.startsWith(tier))
}
