// Who decides about a connection, in words: the rule that takes it, or the policies that isolate.

import type { Direction, PolicyReference, Rule } from "../../compile/policy-ir.ts"
import type { Protocol } from "../../compile/snapshot.ts"
import type { AddressPlace, ClusterView, Identity, Peer } from "../cluster-view.ts"
import type { ConnectionSet } from "../connection-set.ts"
import { blockText } from "../model/blocks.ts"

export interface Decision {
  readonly accepts: boolean
  /** "denied by NetworkPolicy shop/a spec.ingress[0]" */
  readonly text: string
}

/** One port, or a protocol without ports. */
export type SamplePort = { readonly protocol: Protocol; readonly port: number } | null

/** Any one of a set that is not empty. Port 0 is nobody's. */
export function sampleOf(set: ConnectionSet): SamplePort {
  for (const protocol of ["TCP", "UDP", "SCTP"] as const) {
    const range = set[protocol].find(({ to }) => to > 0)
    if (range !== undefined) return { protocol, port: Math.max(range.from, 1) }
  }
  return null
}

export interface Asked {
  readonly direction: Direction
  readonly subject: Identity
  readonly peer: Peer
  readonly port: SamplePort
}

/** Null where no policy is asked: the subject is a node. */
export function decide(view: ClusterView, asked: Asked): Decision | null {
  const { subject, direction } = asked
  if (subject.kind === "host") return null
  const policies = view.policiesOf(subject, direction)
  for (const order of new Set(policies.map(({ ir }) => ir.tier.order))) {
    const tier = policies.filter(({ ir }) => ir.tier.order === order)
    const rules = tier.flatMap(({ ir }) => ir[direction]?.rules ?? [])
    const rule = rules.find((each) => each.action !== "Log" && takes(view, asked, each))
    if (rule !== undefined && rule.action !== "Pass") return byRule(rule)
    const isolating = tier.filter(({ ir }) => ir[direction]?.isolates === true)
    if (rule === undefined && isolating.length > 0) return byIsolation(isolating.map(({ ir }) => ir.policy))
  }
  const isolates = policies.some(({ ir }) => ir[direction]?.isolates === true)
  return { accepts: true, text: isolates ? "no policy denies it" : `no policy isolates it for ${direction}` }
}

function policyText({ kind, namespace, name }: PolicyReference): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`
}

function byRule({ action, origin }: Rule): Decision {
  const accepts = action === "Accept"
  const verb = accepts ? "accepted" : "denied"
  return { accepts, text: `${verb} by ${policyText(origin.policy)} ${origin.path}` }
}

const MOST_NAMED = 3

function byIsolation(policies: readonly PolicyReference[]): Decision {
  const named = policies.slice(0, MOST_NAMED).map(policyText).join(", ")
  const rest = policies.length - MOST_NAMED
  const more = rest > 0 ? ` and ${rest} more` : ""
  return { accepts: false, text: `isolated by ${named}${more}, and no rule accepts this` }
}

function takes(
  view: ClusterView,
  { direction, subject, peer, port }: Asked,
  { peers, ports }: Rule,
): boolean {
  const held =
    peers.kind === "any" || (peer.kind === "pods" && peers.pods.some((each) => view.holds(each, peer)))
  const place = placeOf(peer)
  const isIn =
    peers.kind === "some" && peers.blocks.some((each) => place?.blocks.has(blockText(each)) === true)
  if (!held && !isIn) return false
  if (ports.kind === "any") return true
  if (port === null) return false
  // An address has no port names: what a block alone holds is known by numbers only.
  const served = direction === "ingress" ? subject.ports : held && peer.kind === "pods" ? peer.ports : []
  return (
    ports.ranges.some(
      ({ protocol, from, to }) => protocol === port.protocol && from <= port.port && port.port <= to,
    ) ||
    ports.names.some(({ protocol, name }) =>
      served.some(
        (each) =>
          each.name === name &&
          each.protocol === protocol &&
          protocol === port.protocol &&
          each.port === port.port,
      ),
    )
  )
}

/** The first, where there are several: for words that is enough. */
function placeOf(peer: Peer): AddressPlace | undefined {
  return peer.kind === "range" ? peer.place : peer.places[0]
}
