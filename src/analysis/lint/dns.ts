// Pods that are isolated for egress and can ask nobody for a name.

import { contains, unionOfBlocks } from "../../compile/address-ranges.ts"
import type { AddressBlock, Ports, Rule } from "../../compile/policy-ir.ts"
import type { Pod } from "../../compile/snapshot.ts"
import type { ClusterView, PolicyRecord } from "../cluster-view.ts"
import { serviceOfBlock } from "./blocks.ts"
import { type DnsPods, isHeld, type LintCluster } from "./cluster.ts"
import { identitiesOf } from "./guarded.ts"
import { mayPass } from "./may-pass.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"
import { countWords, namedPods } from "./words.ts"

const DNS_PORT = 53

/** So many identities of a subject are asked. */
const ASKED = 500

export const lintDns: LintRule = (policy, cluster) => {
  const { record, outline, report } = policy
  if (record.ir.egress?.isolates !== true) return
  const { without, nothing } = losers(policy, cluster)
  const path = outline.isolation.egress
  if (without.length > 0) {
    report("noDns", { pods: someWords(without, cluster), near: nearService(without, cluster.view) }, path)
  } else if (nothing.length > 0) report("noEgress", { pods: someWords(nothing, cluster) }, path)
}

interface Losers {
  /** Pods that may open connections, but not to a DNS server. */
  readonly without: readonly Pod[]
  /** Pods that may open none. */
  readonly nothing: readonly Pod[]
}

/** Of several policies that isolate the same pods the first that is linted tells. */
function losers({ record, isLookedAt }: LintedPolicy, { view, dns }: LintCluster): Losers {
  const without: Pod[] = []
  const nothing: Pod[] = []
  const isDns = dnsTest(view, dns)
  // DNS pods ask the resolvers of their node (dnsPolicy Default).
  const servers = new Set(identitiesOf(view, dns))
  let left = ASKED
  for (const identity of view.held(record.ir.subject)) {
    if (left-- === 0) break
    if (servers.has(identity)) continue
    const policies = view.policiesOf(identity, "egress")
    const teller = policies.find((each) => each.ir.egress?.isolates === true && isLookedAt(each))
    if (teller?.key !== record.key || mayPass(policies, "egress", isDns)) continue
    const list = isShut(policies) ? nothing : without
    list.push(...view.podsOf(identity))
  }
  return { without, nothing }
}

function isShut(policies: readonly PolicyRecord[]): boolean {
  return policies.every(({ ir }) =>
    ir.egress?.rules.every(({ action }) => action !== "Accept" && action !== "Pass"),
  )
}

/**
 * Whether a rule is about connections to DNS: to the cluster's DNS pods, or to a server that is named with its port.
 * Where the DNS pods are not known, every rule with the port is.
 */
export function dnsTest(view: ClusterView, dns: DnsPods): (rule: Rule) => boolean {
  const servers = identitiesOf(view, dns)
  const addresses = servers.flatMap((identity) =>
    [...view.podsOf(identity)].flatMap(({ addresses }) => addresses),
  )
  return ({ peers, ports, action }) => {
    if (!holdsDns(ports)) return false
    if (peers.kind === "any") return true
    const ranges = unionOfBlocks(peers.blocks)
    const toServers =
      servers.some((identity) => peers.pods.some((each) => view.holds(each, identity))) ||
      addresses.some((address) => contains(ranges, address))
    if (toServers || action !== "Accept") return toServers
    const isNamed = servers.length === 0 || isForDns(ports)
    return (
      isNamed &&
      (peers.pods.some((each) => servers.length === 0 || isHeld(each, view)) ||
        peers.blocks.some((block) => isServer(block, view)))
    )
  }
}

/** A resolver outside, or on the nodes; the address of a Service leads nowhere. */
function isServer(block: AddressBlock, view: ClusterView): boolean {
  return serviceOfBlock(block, view) === undefined
}

function holdsDns(ports: Ports): boolean {
  if (ports.kind === "any") return true
  return (
    ports.ranges.some(
      ({ protocol, from, to }) => protocol !== "SCTP" && from <= DNS_PORT && DNS_PORT <= to,
    ) || ports.names.some(({ name }) => name.startsWith("dns"))
  )
}

function isForDns(ports: Ports): boolean {
  return (
    ports.kind === "some" &&
    (ports.names.length > 0 || ports.ranges.some(({ from, to }) => from === DNS_PORT && to === DNS_PORT))
  )
}

/** Egress to the address of the DNS Service looks right and does nothing. */
function nearService(pods: readonly Pod[], view: ClusterView): string {
  const [pod] = pods
  const identity = pod && view.identityOf(pod)
  if (identity === undefined) return ""
  const blocks = view
    .policiesOf(identity, "egress")
    .flatMap(({ ir }) => ir.egress?.rules ?? [])
    .flatMap(({ peers, ports }) => (peers.kind === "some" && holdsDns(ports) ? peers.blocks : []))
  const useless = blocks.find((block) => serviceOfBlock(block, view) !== undefined)
  return useless === undefined ? "" : `; ${useless.cidr} is a Service address`
}

function someWords(pods: readonly Pod[], { mayName }: LintCluster): string {
  const names = namedPods(pods, mayName)
  return pods.length === 1 ? names : `${countWords(pods.length, "pod")} (${names})`
}
