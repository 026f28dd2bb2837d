// Address blocks that mean something else than they look like: Service addresses, pods, one family of two.

import { contains, familyOf, parseCidr, unionOfBlocks } from "../../compile/address-ranges.ts"
import type { AddressBlock } from "../../compile/policy-ir.ts"
import type { AddressFamily, Pod, Service } from "../../compile/snapshot.ts"
import type { OutlinedPeer, OutlinedRule } from "../../kinds/policy-outline.ts"
import type { ClusterView } from "../cluster-view.ts"
import { blockText } from "../model/blocks.ts"
import type { LintCluster } from "./cluster.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"

type BlockPeer = Extract<OutlinedPeer, { readonly kind: "block" }>

export const lintBlocks: LintRule = (policy, cluster) => {
  for (const rule of policy.outline.rules) {
    const blocks = rule.peers.filter((peer) => peer.kind === "block")
    for (const peer of blocks) {
      if (cluster.expired()) return
      lintBlock(peer, policy, cluster)
    }
    lintFamilies({ rule, blocks }, policy, cluster)
  }
}

/** Prefix lengths from which a block is taken to be meant for the cluster, not for the world that it is a part of. */
const CLUSTER_SIZED = { IPv4: 16, IPv6: 48 } as const
/** Of the largest range that Services get their addresses from (kubeadm's is 10.96.0.0/12; of IPv6 it is a /108). */
const SERVICE_RANGE = { IPv4: 12, IPv6: 108 } as const

/** The Service that a block is about, as far as one can see: a block holds its address, is no larger than a range of Services, and holds no pod. */
export function serviceOfBlock(block: AddressBlock, view: ClusterView): Service | undefined {
  const cidr = parseCidr(block.cidr)
  if (cidr === undefined || cidr.length < SERVICE_RANGE[cidr.family]) return undefined
  const ranges = unionOfBlocks([block])
  for (const service of view.services()) {
    if (!service.clusterIPs.some((address) => familyOf(address) === cidr.family && contains(ranges, address)))
      continue
    return podInBlock(block, view) === undefined ? service : undefined
  }
  return undefined
}

/** A pod, not on the host network, whose address lies in a block that some policy of the view names. */
function podInBlock(block: AddressBlock, view: ClusterView): Pod | undefined {
  const text = blockText(block)
  for (const identity of view.identities()) {
    if (identity.kind === "host" || !identity.places.some(({ blocks }) => blocks.has(text))) continue
    for (const pod of view.podsOf(identity)) return pod
  }
  return undefined
}

function lintBlock(
  { block, path }: BlockPeer,
  { report }: LintedPolicy,
  { view, mayName }: LintCluster,
): void {
  const cidr = parseCidr(block.cidr)
  if (cidr === undefined || cidr.length === 0) return
  const service = serviceOfBlock(block, view)
  if (service !== undefined) {
    const name = mayName(service.namespace) ? `Service ${service.namespace}/${service.name}` : "a Service"
    report("blockOfService", { cidr: block.cidr, service: name }, path)
    return
  }
  const pod = podInBlock(block, view)
  if (pod === undefined) return
  const pods = mayName(pod.namespace) ? `such as ${pod.namespace}/${pod.name}` : "of other namespaces"
  const isMeantForPods = cidr.length >= CLUSTER_SIZED[cidr.family] && !isNodeInBlock(block, view)
  report(isMeantForPods ? "blockOfPods" : "blockHoldsPods", { cidr: block.cidr, pods }, path)
}

function isNodeInBlock(block: AddressBlock, view: ClusterView): boolean {
  const ranges = unionOfBlocks([block])
  for (const { addresses } of view.nodes()) {
    if (addresses.some((address) => contains(ranges, address))) return true
  }
  return false
}

interface RuleBlocks {
  readonly rule: OutlinedRule
  readonly blocks: readonly BlockPeer[]
}

/** 0.0.0.0/0 and no block of IPv6, where both are in use. */
function lintFamilies(
  { rule, blocks }: RuleBlocks,
  { outline, report }: LintedPolicy,
  { view }: LintCluster,
): void {
  for (const { block, path } of blocks) {
    const cidr = parseCidr(block.cidr)
    if (cidr === undefined || cidr.length > 0) continue
    const other: AddressFamily = cidr.family === "IPv4" ? "IPv6" : "IPv4"
    const hasOther = outline.rules.some(
      ({ direction, peers }) =>
        direction === rule.direction &&
        peers.some((peer) => peer.kind === "block" && parseCidr(peer.block.cidr)?.family === other),
    )
    if (!hasOther && isDualStack(view)) report("oneFamily", { cidr: block.cidr, family: other }, path)
  }
}

/** Nodes' ranges tell; where they have none, some pod with addresses of both families does. */
function isDualStack(view: ClusterView): boolean {
  const ranges = [...view.nodes()].filter(({ podCIDRs }) => podCIDRs.length > 0)
  if (ranges.length > 0) return ranges.some(({ podCIDRs }) => hasBoth(podCIDRs))
  for (const { addresses } of view.pods()) if (hasBoth(addresses)) return true
  return false
}

function hasBoth(texts: readonly string[]): boolean {
  return new Set(texts.map((text) => familyOf(text))).size > 1
}
