// What a flow's packets look like to the router, and what conntrack makes of them: the model that turns the
// packets of a test into the evaluator's input.

import * as fc from "fast-check"
import { type Evaluation, evaluate, prepare } from "../src/evaluate.ts"
import type { Conntrack, Environment, Packet, Tuple } from "../src/packet.ts"
import type { Ruleset } from "../src/schema.ts"
import type { CounterHit } from "../src/state.ts"
import type { SendRequest } from "./datagram-sender.ts"
import { PORTS } from "./random-match.ts"
import { CLIENT, SERVER, SERVICE } from "./router-lab.ts"

export interface Flow {
  readonly family: "ip" | "ip6"
  readonly protocol: "udp" | "tcp"
  readonly source: string
  readonly destination: string
  readonly destinationPort: number
  /** Sent to the service's address and port; the router translates it. */
  readonly toService: boolean
  /** Directions of the packets after the first. */
  readonly further: readonly ("original" | "reply")[]
}

export const randomFlow: fc.Arbitrary<Flow> = fc.constantFrom<"ip" | "ip6">("ip", "ip6").chain((family) =>
  fc
    .record({
      family: fc.constant(family),
      protocol: fc.constantFrom<"udp" | "tcp">("udp", "udp", "tcp"),
      source: fc.constantFrom(...CLIENT[family], ...(family === "ip" ? [CLIENT.stray] : [])),
      destination: fc.constantFrom(...SERVER[family]),
      destinationPort: fc.constantFrom(...PORTS),
      toService: fc.boolean(),
      further: fc.array(fc.constantFrom<"original" | "reply">("original", "reply"), { maxLength: 3 }),
    })
    .map((flow) => (isTranslatable(flow) ? translated(flow) : { ...flow, toService: false })),
)

function isTranslatable(flow: Flow): boolean {
  return flow.toService && flow.family === "ip" && flow.protocol === "udp"
}

function translated(flow: Flow): Flow {
  return { ...flow, destination: SERVICE.target, destinationPort: SERVICE.targetPort }
}

/** What conntrack keeps of a flow once its first packet has left the router. */
export interface Tracked {
  mark: number
  hasReply: boolean
}

/** The router's routes: to each address by the interface behind which it is, to the stray none. */
export const routes: Environment = {
  fib: ({ result, flags }, packet) => {
    const address = (flags[0] === "saddr" ? packet.source : packet.destination) ?? ""
    if (result === "type") return "unicast"
    const device = address === CLIENT.stray ? undefined : sideOf(address)
    return flags.includes("iif") && device !== packet.iifname ? undefined : device
  },
}

function sideOf(address: string): "left" | "right" {
  return /^(10\.1\.|fd01:|203\.)/.test(address) ? "left" : "right"
}

export interface PacketChoice {
  readonly flow: Flow
  readonly direction: "original" | "reply"
  readonly sourcePort: number
  readonly tracked: Tracked | undefined
}

/** The packet as it enters the router: before its destination is translated, and after a reply's was. */
export function packetOf({ flow, direction, sourcePort, tracked }: PacketChoice): Packet {
  const isReply = direction === "reply"
  const client: Tuple = { source: flow.source, sourcePort, ...originalDestination(flow) }
  const server: Tuple = {
    source: flow.destination,
    sourcePort: flow.destinationPort,
    destination: flow.source,
    destinationPort: sourcePort,
  }
  const isEstablished = isReply || tracked?.hasReply === true
  const state = isEstablished ? "established" : "new"
  return {
    hook: "prerouting",
    family: flow.family,
    iifname: isReply ? "right" : "left",
    l4proto: flow.protocol,
    ...(isReply ? server : client),
    pkttype: "host",
    ...(flow.protocol === "tcp" ? { tcpFlags: ["syn"] as const } : {}),
    ct: { state, direction, mark: tracked?.mark ?? 0, original: client, reply: server },
  }
}

function originalDestination(flow: Flow): Pick<Tuple, "destination" | "destinationPort"> {
  if (flow.toService) return { destination: SERVICE.address, destinationPort: SERVICE.port }
  return { destination: flow.destination, destinationPort: flow.destinationPort }
}

export function requestOf(packet: Packet, flow: Flow): SendRequest {
  const { source = "", destination = "", sourcePort = 0, destinationPort = 0 } = packet
  const kind = flow.protocol === "tcp" ? "syn" : "datagram"
  return { kind, source, sourcePort, destination, destinationPort }
}

export interface Expected {
  readonly verdict: "accept" | "drop"
  readonly ctMark: number
  readonly isUntracked: boolean
  readonly counts: readonly number[]
  readonly trace: readonly string[]
  /** False where it was dropped before conntrack could see it. */
  readonly isSeen: boolean
}

/** Prerouting, and where the packet passes it, forward. */
export function evaluateBoth(rules: Ruleset, packet: Packet): Expected {
  const prepared = prepare(rules)
  const first = evaluate(prepared, packet, routes)
  if (first.verdict === "drop") return { ...expectedOf(rules, [first]), isSeen: false }
  const ct: Conntrack = first.isUntracked
    ? { state: "untracked" }
    : { ...packet.ct, state: packet.ct?.state ?? "new", mark: first.ctMark }
  const forwarded: Packet = {
    ...packet,
    ...destinationAfterTranslation(packet),
    hook: "forward",
    oifname: packet.iifname === "left" ? "right" : "left",
    mark: first.mark,
    ct,
  }
  return { ...expectedOf(rules, [first, evaluate(prepared, forwarded, routes)]), isSeen: !first.isUntracked }
}

function destinationAfterTranslation(packet: Packet): Partial<Packet> {
  const isTranslated = packet.destination === SERVICE.address
  return isTranslated ? { destination: SERVICE.target, destinationPort: SERVICE.targetPort } : {}
}

function expectedOf(rules: Ruleset, evaluations: readonly Evaluation[]): Omit<Expected, "isSeen"> {
  const last = evaluations.at(-1)
  const hits = evaluations.flatMap((each) => each.counters).filter((hit) => hit.table === "t")
  const steps = evaluations.flatMap((each) => each.trace).filter((step) => step.table === "t")
  return {
    verdict: last?.verdict ?? "accept",
    ctMark: last?.ctMark ?? 0,
    isUntracked: last?.isUntracked ?? false,
    counts: countersOf(rules).map((counter) => hits.filter((hit) => isSameCounter(hit, counter)).length),
    trace: steps.map((step) => `${step.chain}[${step.rule?.index}] ${step.outcome}`),
  }
}

export interface CounterPosition {
  readonly chain: string
  readonly rule: number
  readonly statement: number
  readonly packets: number
}

/** Every counter of the table by chain name, because the order of chains in the ruleset does not matter. */
export function countersOf(rules: Ruleset): readonly CounterPosition[] {
  const all = rules.flatMap((object) => ("rule" in object && object.rule.table === "t" ? [object.rule] : []))
  const chains = [...new Set(all.map((rule) => rule.chain))].toSorted()
  return chains.flatMap((chain) =>
    all
      .filter((rule) => rule.chain === chain)
      .flatMap(({ expr }, rule) =>
        expr.flatMap((each, statement) =>
          "counter" in each ? [{ chain, rule, statement, packets: packetsOf(each.counter) }] : [],
        ),
      ),
  )
}

function isSameCounter(hit: CounterHit, counter: CounterPosition): boolean {
  return hit.chain === counter.chain && hit.rule === counter.rule && hit.statement === counter.statement
}

function packetsOf(counter: { readonly packets?: number } | string | null): number {
  return typeof counter === "object" ? (counter?.packets ?? 0) : 0
}

export interface Step {
  readonly direction: "original" | "reply"
  readonly tracked: Tracked | undefined
  readonly expected: Expected
}

/** An entry lives from its first packet that leaves the router; its mark and replies count from then on. */
export function trackedAfter({ direction, tracked, expected }: Step): Tracked | undefined {
  if (!expected.isSeen) return tracked
  if (tracked === undefined) {
    return expected.verdict === "accept" ? { mark: expected.ctMark, hasReply: false } : undefined
  }
  return { mark: expected.ctMark, hasReply: tracked.hasReply || direction === "reply" }
}
