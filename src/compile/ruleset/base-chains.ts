// Rules of the base chains: what passes unjudged, and who is judged by which chains.

import type { Statement } from "nftables-json/schema"
import type { ChainRule } from "./class-pieces.ts"
import {
  accept,
  conntrack,
  goto,
  header,
  isEstablished,
  isIcmp,
  isInvalid,
  isNew,
  isRelated,
  isReply,
  isUntracked,
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
  toMulticast6,
  toPods,
} from "./packet-kinds.ts"
import type { Surroundings } from "./surroundings.ts"

export function prerouting(): readonly ChainRule[] {
  // Duplicate address detection and the first MLD report have the source ::, which no route leads to. (Newer
  // kernels let them pass the fib by themselves: nft_fib_v6_skip_icmpv6.)
  return [
    { expr: [icmpv6([...NEIGHBOUR, ...LISTENER]), match(header("ip6", "saddr"), "::"), accept] },
    { expr: [fromPods, match(fib("oif", ["saddr", "iif"]), false), goto("drop_spoofed")] },
  ]
}

export function forward(around: Surroundings): readonly ChainRule[] {
  const [first, ...others] = prelude(around)
  return [
    first,
    // The short way of most first packets: none of the exceptions below is ever new. Conntrack leaves neighbour and
    // listener discovery and router advertisements untracked, and calls redirects invalid (nf_conntrack_proto_icmpv6).
    { expr: [isNew, jump("egress")] },
    { expr: [isNew, goto("to_ingress")] },
    ...others,
    { expr: [isUntracked, goto("untracked")] },
    { expr: [jump("egress")] },
    { expr: [goto("to_ingress")] },
  ]
}

export function input(around: Surroundings): readonly ChainRule[] {
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

export function output({ options }: Surroundings): readonly ChainRule[] {
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
    { expr: [isInvalid, goto("invalid")] },
    { expr: [isUntracked, goto("untracked")] },
    { expr: [jump("egress")] },
    { expr: [goto("to_ingress")] },
  ]
}

/** What forward and input begin with. */
function prelude({ options }: Surroundings): readonly [ChainRule, ...ChainRule[]] {
  return [
    accepted(options),
    ...errors(options),
    // On the link alone: a router has taken one from the hop limit before it asks here, so 255 has passed none, and
    // what is 1 here may have passed one; but no router passes multicast on unasked. Otherwise a pod that may send
    // nothing could send such messages, with what it likes in them, beyond its link.
    { expr: [icmpv6(NEIGHBOUR), hopLimit(255), accept] },
    { expr: [icmpv6(LISTENER), hopLimit(1), toMulticast6, accept] },
    { expr: [fromPods, icmpv6(ROUTER), goto("drop_router")] },
    { expr: [isInvalid, goto("invalid")] },
  ]
}

/**
 * ICMP errors go with their flow, which is in force or not: an error for a flow that is denied now would carry
 * data on. One that comes before the flow's next packet under a new generation is lost, and sent again. Flows
 * without a number are no pod's, or were there before the rules: judged like any packet.
 */
function errors(options: RulesetOptions): readonly ChainRule[] {
  if (!options.establishedRecheck) return [{ expr: [isRelated, isIcmp, accept] }]
  const numbered = match({ "&": [conntrack("mark"), options.mask] }, 0, "!=")
  return [
    { comment: "generation", expr: [isRelated, isIcmp, inForce(options), accept] },
    { comment: "stale", expr: [isRelated, isIcmp, numbered, goto("drop_stale")] },
  ]
}

function accepted(options: RulesetOptions): ChainRule {
  if (!options.establishedRecheck) return { expr: [isEstablished, accept] }
  return { comment: "generation", expr: [isEstablished, inForce(options), accept] }
}

function inForce(options: RulesetOptions): Statement {
  return match({ "&": [conntrack("mark"), options.mask] }, markOf(options))
}
