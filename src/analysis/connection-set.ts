// What may flow from one end to another: port ranges of each protocol, and the protocols that have no ports.

import type { Protocol } from "../compile/snapshot.ts"
import type { PortInterval } from "../explain/allowed.ts"

/** Ranges are sorted, disjoint and merged. */
export interface ConnectionSet {
  readonly TCP: readonly PortInterval[]
  readonly UDP: readonly PortInterval[]
  readonly SCTP: readonly PortInterval[]
  /** ICMP and every other protocol without ports that is judged. */
  readonly other: boolean
}

const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const satisfies readonly Protocol[]
const LAST_PORT = 65535
const EVERY_PORT: readonly PortInterval[] = [{ from: 0, to: LAST_PORT }]

export const NO_CONNECTIONS: ConnectionSet = { TCP: [], UDP: [], SCTP: [], other: false }
export const ALL_CONNECTIONS: ConnectionSet = {
  TCP: EVERY_PORT,
  UDP: EVERY_PORT,
  SCTP: EVERY_PORT,
  other: true,
}

export interface ProtocolPorts extends PortInterval {
  readonly protocol: Protocol
}

/** Of ranges in any order, which may overlap. */
export function connectionSetOf(ranges: readonly ProtocolPorts[]): ConnectionSet {
  const of = (protocol: Protocol) => merged(ranges.filter((each) => each.protocol === protocol))
  return { TCP: of("TCP"), UDP: of("UDP"), SCTP: of("SCTP"), other: false }
}

export function union(a: ConnectionSet, b: ConnectionSet): ConnectionSet {
  if (a === b || b === NO_CONNECTIONS || a === ALL_CONNECTIONS) return a
  if (a === NO_CONNECTIONS || b === ALL_CONNECTIONS) return b
  const of = (protocol: Protocol) => merged([...a[protocol], ...b[protocol]])
  return { TCP: of("TCP"), UDP: of("UDP"), SCTP: of("SCTP"), other: a.other || b.other }
}

export function intersect(a: ConnectionSet, b: ConnectionSet): ConnectionSet {
  if (a === b || b === ALL_CONNECTIONS || a === NO_CONNECTIONS) return a
  if (a === ALL_CONNECTIONS || b === NO_CONNECTIONS) return b
  const of = (protocol: Protocol) => common(a[protocol], b[protocol])
  return { TCP: of("TCP"), UDP: of("UDP"), SCTP: of("SCTP"), other: a.other && b.other }
}

export function subtract(a: ConnectionSet, b: ConnectionSet): ConnectionSet {
  if (a === b || b === ALL_CONNECTIONS) return NO_CONNECTIONS
  if (a === NO_CONNECTIONS || b === NO_CONNECTIONS) return a
  const of = (protocol: Protocol) => common(a[protocol], gapsOf(b[protocol]))
  return { TCP: of("TCP"), UDP: of("UDP"), SCTP: of("SCTP"), other: a.other && !b.other }
}

export function isNone(set: ConnectionSet): boolean {
  return !set.other && PROTOCOLS.every((protocol) => set[protocol].length === 0)
}

/** Whether connectionText has a word for any of it: nobody can be called on port 0. */
export function isTold(set: ConnectionSet): boolean {
  return set.other || PROTOCOLS.some((protocol) => set[protocol].some(({ to }) => to > 0))
}

export function isEqual(a: ConnectionSet, b: ConnectionSet): boolean {
  if (a === b) return true
  return a.other === b.other && PROTOCOLS.every((protocol) => sameRanges(a[protocol], b[protocol]))
}

/**
 * "All Connections" for every port of TCP, UDP and SCTP, "TCP 80,443-445,UDP 53", "" for nothing. Port 0 is not
 * told: nobody can be called there. What has no ports is told only where nothing else is left.
 */
export function connectionText(set: ConnectionSet): string {
  const ranges = PROTOCOLS.map((protocol) => ({ protocol, text: portsText(set[protocol]) }))
  if (ranges.every(({ text }) => text === `1-${LAST_PORT}`)) return "All Connections"
  const told = ranges.flatMap(({ protocol, text }) => (text === "" ? [] : [`${protocol} ${text}`]))
  return told.length === 0 && set.other ? "other protocols" : told.join(",")
}

function portsText(ranges: readonly PortInterval[]): string {
  return ranges
    .filter(({ to }) => to > 0)
    .map(({ from, to }) => (Math.max(from, 1) === to ? `${to}` : `${Math.max(from, 1)}-${to}`))
    .join(",")
}

function merged(ranges: readonly PortInterval[]): readonly PortInterval[] {
  const joined: PortInterval[] = []
  for (const next of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last === undefined || last.to + 1 < next.from) joined.push({ from: next.from, to: next.to })
    else if (last.to < next.to) joined[joined.length - 1] = { from: last.from, to: next.to }
  }
  return joined
}

function common(a: readonly PortInterval[], b: readonly PortInterval[]): readonly PortInterval[] {
  const both: PortInterval[] = []
  let i = 0
  let j = 0
  while (true) {
    const left = a[i]
    const right = b[j]
    if (left === undefined || right === undefined) return both
    const from = Math.max(left.from, right.from)
    const to = Math.min(left.to, right.to)
    if (from <= to) both.push({ from, to })
    if (left.to < right.to) i += 1
    else j += 1
  }
}

function gapsOf(ranges: readonly PortInterval[]): readonly PortInterval[] {
  const gaps: PortInterval[] = []
  let from = 0
  for (const range of ranges) {
    if (from < range.from) gaps.push({ from, to: range.from - 1 })
    from = range.to + 1
  }
  if (from <= LAST_PORT) gaps.push({ from, to: LAST_PORT })
  return gaps
}

function sameRanges(a: readonly PortInterval[], b: readonly PortInterval[]): boolean {
  return a.length === b.length && a.every((each, i) => each.from === b[i]?.from && each.to === b[i]?.to)
}
