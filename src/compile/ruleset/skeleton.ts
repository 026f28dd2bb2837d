// The chains that every node has.
//
// A flow is judged by conntrack's tuple, whatever the direction of the packet: `egress` asks for its source,
// `to_ingress` for its destination. Nothing but an explicit verdict accepts: what no map knows is dropped
// where it comes from or goes to a place of pods, and left alone elsewhere.
//
// `egress` is entered by jump and returns where the source may send; so no static path leads from an egress
// class into an ingress class, and paths add up instead of multiplying. (nft_chain_validate walks all of them at
// each commit that adds a verdict, in kernels that do not remember what they have validated.)

import type { Statement, Verdict } from "nftables-json/schema"
import { forward, input, output, prerouting } from "./base-chains.ts"
import type { ChainRule } from "./class-pieces.ts"
import { logStatements, setMark } from "./deny-chain.ts"
import {
  accept,
  drop,
  familyDigit,
  flowEnd,
  goto,
  header,
  isIcmp,
  isNew,
  isOriginal,
  isRelated,
  isReply,
  type Judge,
  jump,
  match,
  returning,
} from "./expressions.ts"
import { markOf, type RulesetOptions } from "./options.ts"
import { fib, fibType, fromPods, toPods } from "./packet-kinds.ts"
import { TABLE } from "./sets.ts"
import type { SkeletonChain, Surroundings } from "./surroundings.ts"

const DROP_REASONS = ["unknown", "spoofed", "router", "multicast", "midstream", "invalid", "stale"] as const
type DropReason = (typeof DROP_REASONS)[number]

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
    ...DROP_REASONS.map((reason) => dropChain(reason, around.options)),
    ...(isObserved(around) ? unknownSource(around) : []),
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

/** The source is no pod that the program knows here. */
function outside(around: Surroundings): readonly (readonly Statement[])[] {
  const unknown = goto("drop_unknown")
  return [
    ...(isObserved(around) ? [[jump("unknown_source")]] : fromUnknown(around, "tuple", unknown)),
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
  const unknown = goto("drop_unknown")
  return [
    ...(isObserved(around) ? [[jump("untracked_unknown_source")]] : fromUnknown(around, "header", unknown)),
    ...dispatch(around, "ingress", "header"),
    ...inLocalRange(around, "destination", "header", goto("own_address")),
    [toPods, goto("drop_unknown")],
    [accept],
  ]
}

/** A pod that the program does not know here; or somebody who says that it is one. */
function fromUnknown(
  around: Surroundings,
  judge: Judge,
  verdict: Verdict,
): readonly (readonly Statement[])[] {
  const sent =
    judge === "header"
      ? [[fromPods, verdict]]
      : [
          [isOriginal, fromPods, verdict],
          [isReply, toPods, verdict],
        ]
  return [...inLocalRange(around, "source", judge, verdict), ...sent]
}

/** Observed, an unknown source is counted and let through, and its destination is judged: it may enforce. */
function unknownSource(around: Surroundings): readonly SkeletonChain[] {
  const counted = goto("drop_unknown_source")
  return [
    plain("unknown_source", fromUnknown(around, "tuple", counted)),
    plain("untracked_unknown_source", fromUnknown(around, "header", counted)),
    dropChain("unknown", around.options, { name: "drop_unknown_source", end: returning }),
  ]
}

function isObserved({ options }: Pick<Surroundings, "options">): boolean {
  return options.enforcement === "observe"
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
    ...(options.midStream === "drop" ? [{ expr: [isNew, isSyn, midStream(options)] }] : []),
    // Without an entry to read the mark from, the rule ends here: accept is a rule of its own.
    ...(options.establishedRecheck ? [{ comment: "generation", expr: [mark] }] : []),
    { expr: [accept] },
  ]
}

/** Observed, it comes back and is marked: a connection that was there before the rules goes on when they are enforced. */
function midStream({ enforcement }: RulesetOptions): Verdict {
  return enforcement === "observe" ? jump("drop_midstream") : goto("drop_midstream")
}

interface DropChain {
  readonly name: string
  /** Where it is observed. */
  readonly end: Verdict
}

/** Observed, it has its name still, and lets pass. */
function dropChain(
  reason: DropReason,
  { enforcement, logGroup }: RulesetOptions,
  { name, end }: DropChain = { name: `drop_${reason}`, end: reason === "midstream" ? returning : accept },
): SkeletonChain {
  const isDropped = enforcement === "enforce"
  const subject = `${isDropped ? "" : "observe:"}drop:${reason}`
  return plain(name, [[{ counter: null }], logStatements(subject, logGroup), [isDropped ? drop : end]])
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
