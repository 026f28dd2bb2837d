// Every connection worth asking about in a random cluster.

import { type Connection } from "../../src/explain/evaluate.ts"
import type { Endpoint } from "../../src/explain/judge.ts"
import { type End, endpointsOf, type World } from "../../src/explain/world.ts"
import type { RandomCluster } from "./cluster.ts"

/** Both ends of one family; a pod reaches itself through a Service only, for its own address never leaves it. */
export function connectionsIn(
  { snapshot, ports, strangers }: RandomCluster,
  world: World,
): readonly Connection[] {
  const ends: readonly End[] = [
    ...snapshot.pods.map((pod): End => ({ kind: "pod", pod })),
    ...snapshot.nodes.map((node): End => ({ kind: "node", node })),
    ...strangers.map((address): End => ({ kind: "address", address })),
  ]
  const endpoints = ends
    .flatMap((end) => endpointsOf(end, world))
    .filter(({ address }) => address.kind === "known")
  return endpoints.flatMap((from) =>
    endpoints
      .filter((to) => isWorthAsking(from, to))
      .flatMap((to) => ports.flatMap((port) => connectionsBetween(from, to, port))),
  )
}

function connectionsBetween(from: Endpoint, to: Endpoint, port: Connection["port"]): readonly Connection[] {
  const direct = { from, to, port, throughService: false }
  if (from.kind !== "pod" || to.kind !== "pod" || port.kind === "other")
    return isSame(from, to) ? [] : [direct]
  return [...(isSame(from, to) ? [] : [direct]), { ...direct, throughService: true }]
}

/** Between two ends that are no pods there is nothing to judge; one such pair shows that it is left alone. */
function isWorthAsking(from: Endpoint, to: Endpoint): boolean {
  if (from.address.family !== to.address.family) return false
  if (from.kind === "pod" || to.kind === "pod") return true
  return from.kind !== to.kind && (from.kind === "node" || to.kind === "node")
}

function isSame(from: Endpoint, to: Endpoint): boolean {
  return from.kind === "pod" && to.kind === "pod" && from.pod === to.pod
}
