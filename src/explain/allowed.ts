// Everything that may flow from one address to another: port ranges per protocol, and the rest.
//
// The answer can change only at the numbers that a policy bounds, and at the destination's own ports, which
// names mean; so one port of every interval between them answers for the whole interval.

import type { Protocol } from "../compile/snapshot.ts"
import { judgeConnection } from "./evaluate.ts"
import type { Endpoint, Port } from "./judge.ts"
import type { World } from "./world.ts"

/** Inclusive. */
export interface PortInterval {
  readonly from: number
  readonly to: number
}

export interface Allowed {
  readonly TCP: readonly PortInterval[]
  readonly UDP: readonly PortInterval[]
  readonly SCTP: readonly PortInterval[]
  /** ICMP and every other protocol without ports that are judged. */
  readonly other: boolean
  /** Some of it would be denied, but what is denied there is only counted. */
  readonly observed: boolean
}

/** The two ends of a connection whose port is asked for. */
export interface Pair {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly throughService: boolean
}

/** Once the time is over the answer means nothing; the caller, whose time it is, looks again. */
export function allowed(pair: Pair, world: World, expired = () => false): Allowed {
  const pieces = portPieces(pair, world)
  let observed = false
  const allows = (port: Port): boolean => {
    if (expired()) return false
    const { verdict, egress, ingress } = judgeConnection({ ...pair, port }, world)
    const isAllowed = verdict === "Allow"
    observed ||= isAllowed && (egress?.observed === true || ingress?.observed === true)
    return isAllowed
  }
  const allowedRanges = (protocol: Protocol): readonly PortInterval[] =>
    joinNeighbours(pieces.filter(({ from }) => allows({ kind: "port", protocol, port: from })))
  const all = {
    TCP: allowedRanges("TCP"),
    UDP: allowedRanges("UDP"),
    SCTP: allowedRanges("SCTP"),
    other: allows({ kind: "other", protocol: "ICMP" }),
  }
  return { ...all, observed }
}

/** Intervals of ports, 0 to 65535 in all, inside which no answer can change. */
export function portPieces(
  { from, to }: Omit<Pair, "throughService">,
  world: World,
): readonly PortInterval[] {
  const named = to.kind === "pod" ? to.pod.ports.map(({ port }) => port) : []
  const subjects = new Set([from, to].flatMap((end) => (end.kind === "pod" ? [end.pod.namespace] : [])))
  const policies = [...subjects].flatMap((namespace) => world.policiesFor(namespace))
  const bounds = [
    0,
    ...policies.flatMap(({ policy, judge }) => judge.portBounds(policy)),
    ...named.flatMap((port) => [port, port + 1]),
  ]
  const starts = [...new Set(bounds)].filter((port) => port >= 0 && port <= 65535).toSorted((a, b) => a - b)
  return starts.map((from, i) => ({ from, to: (starts[i + 1] ?? 65536) - 1 }))
}

function joinNeighbours(pieces: readonly PortInterval[]): readonly PortInterval[] {
  return pieces.reduce<readonly PortInterval[]>((joined, piece) => {
    const last = joined.at(-1)
    if (last === undefined || last.to + 1 !== piece.from) return [...joined, piece]
    return [...joined.slice(0, -1), { from: last.from, to: piece.to }]
  }, [])
}
