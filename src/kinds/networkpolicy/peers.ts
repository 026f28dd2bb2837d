// The peers of a NetworkPolicy rule (API server: ValidateNetworkPolicyPeer).

import { conforms, fieldOf } from "../../api/conforms.ts"
import { networkPolicyPeerFrame } from "../../api/networkpolicy.ts"
import { type Place, tell, within } from "../../api/report.ts"
import type { AddressBlock, Peers, PodExpression } from "../../compile/policy-ir.ts"
import type { Source } from "../reading.ts"
import { readSelector } from "../selector-reading.ts"
import { readIpBlock } from "./ip-block.ts"

export interface PeerContext {
  /** Of the policy: where a podSelector alone looks. */
  readonly namespace: string
  readonly source: Source
}

/** No peers are everyone; a peer that cannot be read matches nothing. */
export function readPeers(sources: readonly unknown[], context: PeerContext, place: Place): Peers {
  if (sources.length === 0) return { kind: "any" }
  const pods: PodExpression[] = []
  const blocks: AddressBlock[] = []
  for (const [i, source] of sources.entries()) {
    const peer = readPeer(source, context, within(place, i))
    if (peer?.kind === "pods") pods.push(peer.pods)
    if (peer?.kind === "block") blocks.push(peer.block)
  }
  return { kind: "some", pods, blocks }
}

type Peer =
  | { readonly kind: "pods"; readonly pods: PodExpression }
  | { readonly kind: "block"; readonly block: AddressBlock }

function readPeer(peer: unknown, { namespace, source }: PeerContext, place: Place): Peer | undefined {
  const framed = conforms(networkPolicyPeerFrame, peer, place)
  const podSelector = fieldOf(peer, "podSelector")
  const namespaceSelector = fieldOf(peer, "namespaceSelector")
  const ipBlock = fieldOf(peer, "ipBlock")
  const pods = readSelector(podSelector ?? {}, within(place, "podSelector"))
  const namespaces = readSelector(namespaceSelector ?? {}, within(place, "namespaceSelector"))
  const block = ipBlock === undefined ? undefined : readIpBlock(ipBlock, source, within(place, "ipBlock"))
  if (podSelector === undefined && namespaceSelector === undefined) {
    if (ipBlock === undefined && framed) tell(place, "emptyPeer", {})
    return framed && block !== undefined ? { kind: "block", block } : undefined
  }
  if (ipBlock !== undefined) tell(within(place, "ipBlock"), "blockWithSelector", {}, "key")
  if (!framed || ipBlock !== undefined || pods === undefined || namespaces === undefined) return undefined
  const namespaceExpression: PodExpression["namespaces"] =
    namespaceSelector === undefined
      ? { kind: "name", name: namespace }
      : { kind: "selector", selector: namespaces }
  return { kind: "pods", pods: { namespaces: namespaceExpression, pods } }
}
