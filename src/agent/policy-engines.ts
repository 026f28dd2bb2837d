// Other engines that enforce NetworkPolicy on the node, known by the chains and tables that they leave in nftables.
//
// iptables-nft's chains are nftables' too. What works in eBPF programs or iptables-legacy alone is not seen.

import type { Chain } from "nftables-json/schema"
import type { Problem } from "./problem.ts"

interface EngineTrace {
  readonly engine: string
  readonly chain?: RegExp
  readonly table?: RegExp
}

/** From their sources; services and masquerading (KUBE-FORWARD, FLANNEL-FWD, kindnet-masq) are no policy. */
const TRACES: readonly EngineTrace[] = [
  { engine: "Calico", chain: /^cali-/, table: /^calico$/ },
  { engine: "Cilium", chain: /^(OLD_)?CILIUM_/ },
  { engine: "kube-router", chain: /^KUBE-(ROUTER-|NWPLCY-|POD-FW-)/, table: /^kube-router/ },
  { engine: "Antrea", chain: /^ANTREA-/, table: /^antrea/ },
  { engine: "kube-network-policies", table: /^(kindnet|kube)-network-policies$/ },
  { engine: "Weave Net", chain: /^WEAVE-NPC/ },
]

/** One for each engine, with the first chain that gives it away. */
export function policyEngineProblems(chains: readonly Chain[]): readonly Problem[] {
  return TRACES.flatMap(({ engine, chain, table }) => {
    const found = chains.find((each) => chain?.test(each.name) === true || table?.test(each.table) === true)
    if (found === undefined) return []
    const message =
      `${engine} seems to enforce network policies on this node (chain ${found.family} ${found.table} ${found.name}): ` +
      "what either of the two denies is denied; switch its policies off, or remove what it left behind"
    return [{ code: "other-policy-engine", severity: "warning", subject: engine, message }]
  })
}
