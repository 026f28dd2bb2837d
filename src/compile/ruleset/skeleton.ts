// The chains that every node has.
//
// A flow is judged by conntrack's tuple, whatever the direction of the packet: `egress` asks for its source,
// `to_ingress` for its destination. Nothing but an explicit verdict accepts: what no map knows is dropped
// where it comes from or goes to a place of pods, and left alone elsewhere.
//
// `egress` is entered by jump and returns where the source may send; so no static path leads from an egress
// class into an ingress class, and paths add up instead of multiplying (kernels before 6.18.y walk all of
// them, each time a verdict is added: nft_chain_validate).

import type { Chain, Statement, Verdict } from "nftables-json/schema"
import type { AddressFamily } from "../snapshot.ts"
import type { ChainRule } from "./class-pieces.ts"
import { logStatements, setMark } from "./deny-chain.ts"
import {
  accept,
  conntrack,
  drop,
  familyDigit,
  flowEnd,
  goto,
  header,
  isEstablished,
  isIcmp,
  isInvalid,
  isNew,
  isOriginal,
  isRelated,
  isReply,
  isUntracked,
  type Judge,
  jump,
  match,
  meta,
} from "./expressions.ts"
import { markOf, type RulesetOptions } from "./options.ts"
import {
  fib,
  fibType,
  fromPods,
  hopLimit,
  icmpv6,
  LISTENER,
  NEIGHBOUR,
  ROUTER,
  toPods,
} from "./packet-kinds.ts"
import { TABLE } from "./sets.ts"

export interface Surroundings {
  readonly families: readonly AddressFamily[]
  /** Names of the interval sets of the node's pod ranges, by family. */
  readonly local: ReadonlyMap<AddressFamily, string>
  /** An ingress class on this node can deny. */
  readonly isolatesIngress: boolean
  readonly options: RulesetOptions
}

export interface SkeletonChain {
  readonly chain: Chain
  readonly rules: readonly ChainRule[]
}

export function skeletonChains(around: Surroundings): readonly SkeletonChain[] {
  return [
    base("prerouting", -301, prerouting()),
    base("forward", 0, forward(around)),
    // Behind IPVS, which takes what it forwards at 99 (net/netfilter/ipvs, ip_vs_ops).
    base("input", 110, input(around)),
    base("output", 0, output(around)),
    plain("egress", [...dispatch(around, "egress", "tuple"), [goto("outside")]]),
    plain("to_ingress", [...dispatch(around, "ingress", "tuple"), [goto("leave")]]),
    plain("outside", outside(around)),
    plain("leave", leave(around)),
    floodChain(around),
    plain("own_address", [
      [fibType("daddr", "local"), accept],
      [fibType("saddr", "local"), accept],
      [goto("drop_unknown")],
    ]),
    plain("untracked", [[jump("untracked_egress")], [goto("untracked_ingress")]]),
    plain("untracked_egress", [...dispatch(around, "egress", "header"), [goto("untracked_outside")]]),
    plain("untracked_ingress", untrackedIngress(around)),
    plain("untracked_outside", untrackedOutside(around)),
    plain("invalid", invalid(around)),
    { chain: { ...TABLE, name: "stamp" }, rules: stamp(around.options) },
    ...["unknown", "spoofed", "router", "multicast", "midstream", "invalid"].map((reason) =>
      dropChain(reason, around.options),
    ),
  ]
}

/** The one chain that follows the classes: it is written again when the first or last isolation comes or goes. */
export function floodChain({
  options,
  isolatesIngress,
}: Pick<Surroundings, "options" | "isolatesIngress">): SkeletonChain {
  const drops = options.multicast === "drop-when-isolated" && isolatesIngress
  const flooded = match(fib("type", ["daddr"]), { set: ["broadcast", "multicast"] })
  return plain("flood", [[flooded, goto(drops ? "drop_multicast" : "stamp")], [goto("drop_unknown")]])
}

function base(
  hook: "prerouting" | "forward" | "input" | "output",
  prio: number,
  rules: readonly ChainRule[],
): SkeletonChain {
  return { chain: { ...TABLE, name: hook, type: "filter", hook, prio, policy: "accept" }, rules }
}

function plain(name: string, rules: readonly (readonly Statement[])[]): SkeletonChain {
  return { chain: { ...TABLE, name }, rules: rules.map((expr) => ({ expr })) }
}

function prerouting(): readonly ChainRule[] {
  // Duplicate address detection and the first MLD report have the source ::, which no route leads to.
  return [
    { expr: [icmpv6([...NEIGHBOUR, ...LISTENER]), match(header("ip6", "saddr"), "::"), accept] },
    { expr: [fromPods, match(fib("oif", ["saddr", "iif"]), false), goto("drop_spoofed")] },
  ]
}

function forward(around: Surroundings): readonly ChainRule[] {
  return [
    ...prelude(around),
    { expr: [isUntracked, goto("untracked")] },
    { expr: [jump("egress")] },
    { expr: [goto("to_ingress")] },
  ]
}

function input(around: Surroundings): readonly ChainRule[] {
  return [
    { expr: [match(meta("iif"), "lo"), accept] },
    ...prelude(around),
    // Answers to the node itself.
    { expr: [isReply, accept] },
    { expr: [isUntracked, goto("untracked")] },
    { expr: [jump("egress")] },
    { expr: [goto("stamp")] },
  ]
}

function output({ options }: Surroundings): readonly ChainRule[] {
  const fromNode = fibType("saddr", "local")
  return [
    { expr: [match(meta("oif"), "lo"), accept] },
    accepted(options),
    // The node's own errors go unmarked: they say nothing about whether the flow may go on.
    { expr: [isRelated, isIcmp, accept] },
    { expr: [icmpv6([...NEIGHBOUR, ...LISTENER, ...ROUTER]), accept] },
    // The node's answers are judged as the flow that they answer.
    { expr: [isReply, jump("egress")] },
    { expr: [fromNode, toPods, goto("stamp")] },
    { expr: [fromNode, accept] },
    // What is left has a foreign source: IPVS sends pods' packets on through here.
    { expr: [isUntracked, goto("untracked")] },
    { expr: [jump("egress")] },
    { expr: [goto("to_ingress")] },
  ]
}

/** What forward and input begin with. */
function prelude({ options }: Surroundings): readonly ChainRule[] {
  const related = options.establishedRecheck
    ? { comment: "generation", expr: [isRelated, isIcmp, inForce(options), accept] }
    : { expr: [isRelated, isIcmp, accept] }
  return [
    accepted(options),
    // An error of a flow that is denied now is judged as that flow: else it would carry data on.
    related,
    // On the link alone: a router has taken one from the hop limit before it asks here. Without this a pod that
    // may send nothing could send neighbour solicitations, with what it likes in them, to anywhere.
    { expr: [icmpv6(NEIGHBOUR), hopLimit(255), accept] },
    { expr: [icmpv6(LISTENER), hopLimit(1), accept] },
    { expr: [fromPods, icmpv6(ROUTER), goto("drop_router")] },
    { expr: [isInvalid, goto("invalid")] },
  ]
}

function accepted(options: RulesetOptions): ChainRule {
  if (!options.establishedRecheck) return { expr: [isEstablished, accept] }
  return { comment: "generation", expr: [isEstablished, inForce(options), accept] }
}

function inForce(options: RulesetOptions): Statement {
  return match({ "&": [conntrack("mark"), options.mask] }, markOf(options))
}

/** The source is no pod that the program knows here. */
function outside(around: Surroundings): readonly (readonly Statement[])[] {
  const unknown = goto("drop_unknown")
  return [
    ...inLocalRange(around, "source", "tuple", unknown),
    [isOriginal, fromPods, unknown],
    [isReply, toPods, unknown],
    ...dispatch(around, "ingress", "tuple"),
    ...inLocalRange(around, "destination", "tuple", goto("own_address")),
    [isOriginal, toPods, unknown],
    [isReply, fromPods, unknown],
    // Not a pod's flow: not ours, and not marked.
    [accept],
  ]
}

/** The source may send, and the destination is no pod that the program knows here. */
function leave(around: Surroundings): readonly (readonly Statement[])[] {
  return [
    // Before the ranges: a subnet's broadcast address lies in one.
    [isOriginal, toPods, goto("flood")],
    ...inLocalRange(around, "destination", "tuple", goto("drop_unknown")),
    [isReply, fromPods, goto("drop_unknown")],
    [goto("stamp")],
  ]
}

function untrackedOutside(around: Surroundings): readonly (readonly Statement[])[] {
  return [
    ...inLocalRange(around, "source", "header", goto("drop_unknown")),
    [fromPods, goto("drop_unknown")],
    ...dispatch(around, "ingress", "header"),
    ...inLocalRange(around, "destination", "header", goto("own_address")),
    [toPods, goto("drop_unknown")],
    [accept],
  ]
}

function untrackedIngress(around: Surroundings): readonly (readonly Statement[])[] {
  return [
    ...dispatch(around, "ingress", "header"),
    ...inLocalRange(around, "destination", "header", goto("own_address")),
    [toPods, goto("flood")],
    [accept],
  ]
}

function invalid(around: Surroundings): readonly (readonly Statement[])[] {
  const dropped = goto("drop_invalid")
  const notToNode = match(fib("type", ["daddr"]), "local", "!=")
  return [
    [fromPods, dropped],
    [toPods, dropped],
    ...inLocalRange(around, "source", "header", dropped),
    ...localMatches(around, "destination", "header").map((isLocal) => [isLocal, notToNode, dropped]),
    [accept],
  ]
}

/** Only what is explicitly accepted comes here. */
function stamp(options: RulesetOptions): readonly ChainRule[] {
  const isSyn = match({ "&": [header("tcp", "flags"), ["fin", "syn", "rst", "ack"]] }, "syn", "!=")
  const mark = setMark(options.mask, markOf(options))
  return [
    // An error must not put its flow in force.
    { expr: [isRelated, isIcmp, accept] },
    ...(options.midStream === "drop" ? [{ expr: [isNew, isSyn, goto("drop_midstream")] }] : []),
    // Without an entry to read the mark from, the rule ends here: accept is a rule of its own.
    ...(options.establishedRecheck ? [{ comment: "generation", expr: [mark] }] : []),
    { expr: [accept] },
  ]
}

function dropChain(reason: string, { logGroup }: RulesetOptions): SkeletonChain {
  return plain(`drop_${reason}`, [[{ counter: null }], logStatements(`drop:${reason}`, logGroup), [drop]])
}

function dispatch(
  { families }: Surroundings,
  map: "egress" | "ingress",
  judge: Judge,
): readonly (readonly Statement[])[] {
  const end = map === "egress" ? "source" : "destination"
  return families.map((family) => [
    { vmap: { key: flowEnd(end, judge, family), data: `@${map}${familyDigit[family]}` } },
  ])
}

function inLocalRange(
  around: Surroundings,
  end: "source" | "destination",
  judge: Judge,
  verdict: Verdict,
): readonly (readonly Statement[])[] {
  return localMatches(around, end, judge).map((isLocal) => [isLocal, verdict])
}

function localMatches(
  { local }: Surroundings,
  end: "source" | "destination",
  judge: Judge,
): readonly Statement[] {
  return [...local].map(([family, set]) => match(flowEnd(end, judge, family), `@${set}`))
}
