// The peers of a NetworkPolicy rule (API server: ValidateNetworkPolicyPeer).

import { conforms, fieldOf } from "../../api/conforms.ts"
import { networkPolicyPeerFrame } from "../../api/networkpolicy.ts"
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
  const framed = conforms(networkPolicyPeerFrame, source, place)
  const podSelector = fieldOf(source, "podSelector")
  const namespaceSelector = fieldOf(source, "namespaceSelector")
  const ipBlock = fieldOf(source, "ipBlock")
  const pods = readSelector(podSelector ?? {}, under(place, "podSelector"))
  const namespaces = readSelector(namespaceSelector ?? {}, under(place, "namespaceSelector"))
  const block = ipBlock === undefined ? undefined : readIpBlock(ipBlock, under(place, "ipBlock"))
  if (podSelector === undefined && namespaceSelector === undefined) {
    if (ipBlock === undefined && framed) place.report("emptyPeer", {}, place.at)
    return framed && block !== undefined ? { kind: "block", block } : undefined
  }
  if (ipBlock !== undefined) place.report("blockWithSelector", {}, [...place.at, "ipBlock"], "key")
  if (!framed || ipBlock !== undefined || pods === undefined || namespaces === undefined) return undefined
  const within: PodExpression["namespaces"] =
    namespaceSelector === undefined
      ? { kind: "name", name: namespace }
      : { kind: "selector", selector: namespaces }
  return { kind: "pods", pods: { namespaces: within, pods } }
}
