// Port ranges of several rules, split where they overlap, so that one lookup finds all peers of a port.

import type { PortRange } from "../policy-ir.ts"
import type { PeerUnion, PortGroup } from "../program.ts"
import type { Protocol } from "../snapshot.ts"
import { peersText } from "./class-key.ts"
import type { RulePeers } from "./policy-record.ts"

/** Peers whom a rule allows (or denies) on a range. */
export interface PortOffer {
  readonly range: PortRange
  readonly peers: RulePeers
}

export type Unite = (peers: readonly RulePeers[]) => PeerUnion | null

const PROTOCOLS: readonly Protocol[] = ["SCTP", "TCP", "UDP"]

/** Disjoint and in order; neighbours with the same peers are one. */
export function groupPorts(offers: readonly PortOffer[], unite: Unite): readonly PortGroup[] {
  if (offers.length === 0) return []
  return PROTOCOLS.flatMap((protocol) => {
    const spans = spansOf(offers.filter(({ range }) => range.protocol === protocol))
    return mergeNeighbours(splitSpans(protocol, spans, unite))
  })
}

interface PortSpan {
  readonly from: number
  readonly to: number
  readonly peers: RulePeers[]
}

/** Rules with the very same range are counted as one. */
function spansOf(offers: readonly PortOffer[]): readonly PortSpan[] {
  const spans = new Map<number, PortSpan>()
  for (const { range, peers } of offers) {
    const { from, to } = range
    const key = from * 65536 + to
    const span = spans.get(key)
    if (span === undefined) spans.set(key, { from, to, peers: [peers] })
    else span.peers.push(peers)
  }
  return [...spans.values()]
}

function splitSpans(protocol: Protocol, spans: readonly PortSpan[], unite: Unite): readonly PortGroup[] {
  const bounds = [...new Set(spans.flatMap(({ from, to }) => [from, to + 1]))].sort((a, b) => a - b)
  const starting = Map.groupBy(spans, ({ from }) => from)
  const ending = Map.groupBy(spans, ({ to }) => to + 1)
  const open = new Set<PortSpan>()
  return bounds.flatMap((from, i) => {
    for (const span of ending.get(from) ?? []) open.delete(span)
    for (const span of starting.get(from) ?? []) open.add(span)
    const peers = unite([...open].flatMap((span) => span.peers))
    const end = bounds[i + 1]
    return peers === null || end === undefined ? [] : [{ protocol, from, to: end - 1, peers }]
  })
}

function mergeNeighbours(groups: readonly PortGroup[]): readonly PortGroup[] {
  const merged: PortGroup[] = []
  for (const group of groups) {
    const last = merged.at(-1)
    const same =
      last !== undefined && last.to + 1 === group.from && peersText(last.peers) === peersText(group.peers)
    if (same) merged[merged.length - 1] = { ...last, to: group.to }
    else merged.push(group)
  }
  return merged
}
