// Port groups of a run: a plain rule each, or one lookup in a map where there are many.
//
// An accepting egress class returns to its caller, so what it enters must be entered by goto: a map can only
// stand at the end of such a class. Where a verdict is final (goto), a map's chains are entered by jump.

import type { MapElement, Statement, Verdict } from "nftables-json/schema"
import type { PortGroup, Run } from "../program.ts"
import type { Protocol } from "../snapshot.ts"
import { type ChainRule, type Draft } from "./class-pieces.ts"
import {
  conntrack,
  goto,
  header,
  isTracked,
  type Judge,
  jump,
  match,
  meta,
  returning,
} from "./expressions.ts"
import { contentHash } from "./names.ts"
import { peerMatches } from "./peers.ts"
import { protocolWord, TABLE } from "./sets.ts"

/** How a run is written into its chain. */
export interface RunPlace {
  readonly run: Run
  /** What a match leads to. */
  readonly outcome: readonly Statement[]
  /** The outcome's verdict, where it is one and leaves the class for good. */
  readonly final: Verdict | undefined
  /** The outcome's verdict, where it is one. */
  readonly verdict: Verdict | undefined
  /** Names of its port maps, once they are made: each is looked into by tuple and by header. */
  readonly portMaps: Map<Protocol, string>
  /** The verdict of the chain's end, where nothing stands between the run and the end. */
  readonly end: Verdict | undefined
}

const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"]
/** A map costs a lookup, a chain for each peer union, and kernel objects that every transaction walks over. */
const PLAIN_GROUPS = 4

export function portRules(draft: Draft, place: RunPlace, judge: Judge): readonly ChainRule[] {
  return PROTOCOLS.flatMap((protocol) => {
    const groups = place.run.ports.filter((group) => group.protocol === protocol)
    const entry = groups.length > PLAIN_GROUPS ? entryOf(place) : undefined
    if (entry === undefined) return groups.flatMap((group) => plainRules(draft, group, { ...place, judge }))
    const name = place.portMaps.get(protocol) ?? portMap(draft, groups, { ...place, entry })
    place.portMaps.set(protocol, name)
    return [{ expr: portLookup(protocol, judge, name) }]
  })
}

function plainRules(
  draft: Draft,
  group: PortGroup,
  { run, outcome, judge }: RunPlace & { readonly judge: Judge },
): readonly ChainRule[] {
  const port = portMatch(group, judge)
  const peers = peerMatches(draft, group.peers, { action: run.action, judge })
  // Nothing else in such a rule asks conntrack, and an untracked packet must not meet it before the rules in front.
  const tracked = judge === "tuple" && isWhole(group) && group.peers.kind === "any" ? [isTracked] : []
  return peers.map((peer) => ({ expr: [...tracked, ...port, ...peer, ...outcome] }))
}

/** Every port of its protocol. */
function isWhole({ from, to }: PortGroup): boolean {
  return from === 0 && to === 65535
}

function portMatch(group: PortGroup, judge: Judge): readonly Statement[] {
  const { protocol, from, to } = group
  const word = protocolWord[protocol]
  const isProtocol = match(meta("l4proto"), word)
  if (isWhole(group)) return [isProtocol]
  const ports = from === to ? from : { range: [from, to] as const }
  return judge === "header"
    ? [match(header(word, "dport"), ports)]
    : [isProtocol, match(conntrack("proto-src", "reply"), ports)]
}

/** How a map's chains are entered, and what ends them. */
interface Entry {
  readonly enter: (chain: string) => Verdict
  readonly end: Verdict
}

function entryOf({ final, verdict, end }: RunPlace): Entry | undefined {
  if (verdict !== undefined && end !== undefined) return { enter: goto, end }
  return final === undefined ? undefined : { enter: jump, end: returning }
}

interface MapPlace extends RunPlace {
  readonly entry: Entry
}

function portMap(draft: Draft, groups: readonly PortGroup[], place: MapPlace): string {
  const elem = groups.map((group): MapElement => {
    const { from, to, peers } = group
    const key = from === to ? from : { range: [from, to] as const }
    return [
      key,
      peers.kind === "any" && place.verdict !== undefined ? place.verdict : portChain(draft, group, place),
    ]
  })
  const name = `ports_${contentHash(JSON.stringify(elem))}`
  draft.maps.set(name, { ...TABLE, name, type: "inet_service", map: "verdict", flags: ["interval"], elem })
  return name
}

function portChain(draft: Draft, { peers }: PortGroup, { run, outcome, entry }: MapPlace): Verdict {
  const rules = (judge: Judge): readonly ChainRule[] =>
    peerMatches(draft, peers, { action: run.action, judge }).map((peer) => ({ expr: [...peer, ...outcome] }))
  const all: readonly ChainRule[] = [
    ...rules("tuple"),
    { expr: [isTracked, entry.end] },
    ...rules("header"),
    { expr: [entry.end] },
  ]
  const name = `port_${contentHash(JSON.stringify(all))}`
  draft.chains.set(name, { name, rules: all, about: { kind: "port" } })
  return entry.enter(name)
}

function portLookup(protocol: Protocol, judge: Judge, map: string): readonly Statement[] {
  const word = protocolWord[protocol]
  const data = `@${map}`
  return judge === "header"
    ? [{ vmap: { key: header(word, "dport"), data } }]
    : [match(meta("l4proto"), word), { vmap: { key: conntrack("proto-src", "reply"), data } }]
}
