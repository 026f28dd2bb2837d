// The peers of a NetworkPolicy rule (API server: ValidateNetworkPolicyPeer).

import { conforms } from "../../api/conforms.ts"
import { networkPolicyPeerSchema } from "../../api/networkpolicy.ts"
import type { AddressBlock, Peers, PodExpression } from "../../compile/policy-ir.ts"
import { type At, under } from "../reading.ts"
import { readSelector } from "../selector-reading.ts"
import { readIpBlock } from "./ip-block.ts"

/** No peers are everyone; a peer that cannot be read matches nothing. */
export function readPeers(sources: readonly unknown[], namespace: string, place: At): Peers {
  if (sources.length === 0) return { kind: "any" }
  const pods: PodExpression[] = []
  const blocks: AddressBlock[] = []
  for (const [i, source] of sources.entries()) {
    const peer = readPeer(source, namespace, under(place, i))
    if (peer?.kind === "pods") pods.push(peer.pods)
    if (peer?.kind === "block") blocks.push(peer.block)
  }
  return { kind: "some", pods, blocks }
}

type Peer =
  | { readonly kind: "pods"; readonly pods: PodExpression }
  | { readonly kind: "block"; readonly block: AddressBlock }

function readPeer(source: unknown, namespace: string, place: At): Peer | undefined {
  if (!conforms(networkPolicyPeerSchema, source, place)) return undefined
  const { report, at } = place
  const { podSelector, namespaceSelector, ipBlock } = source
  const pods = readSelector(podSelector ?? {}, [...at, "podSelector"], report)
  const namespaces = readSelector(namespaceSelector ?? {}, [...at, "namespaceSelector"], report)
  const block = ipBlock === undefined ? undefined : readIpBlock(ipBlock, under(place, "ipBlock"))
  if (podSelector === undefined && namespaceSelector === undefined) {
    if (ipBlock === undefined) report("emptyPeer", {}, at)
    return block === undefined ? undefined : { kind: "block", block }
  }
  if (ipBlock !== undefined) {
    report("blockWithSelector", {}, [...at, "ipBlock"])
    return undefined
  }
  if (pods === undefined || namespaces === undefined) return undefined
  const within: PodExpression["namespaces"] =
    namespaceSelector === undefined
      ? { kind: "name", name: namespace }
      : { kind: "selector", selector: namespaces }
  return { kind: "pods", pods: { namespaces: within, pods } }
}
