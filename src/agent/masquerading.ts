// A kube-proxy that gives every connection to a Service the node's address (masqueradeAll): nobody can tell whose it is.
//
// Known by its rules for Services' own addresses, which spare local pods (`!=`) unless it masquerades all (kube-proxy
// 1.33, pkg/proxy/iptables and nftables). IPVS keeps the addresses in ipsets and iptables-legacy its rules: not seen.

import type { Ruleset } from "nftables-json/schema"
import type { Problem } from "./problem.ts"

type Rule = Extract<Ruleset[number], { readonly rule: unknown }>["rule"]

const SERVICE_CHAIN = /^(KUBE-SV[CL]-|service-|local-)/
const MARKING: ReadonlySet<unknown> = new Set(["KUBE-MARK-MASQ", "mark-for-masquerade"])

/** One at most: all Services are treated alike. */
export function masqueradeProblems(ruleset: Ruleset): readonly Problem[] {
  for (const object of ruleset) {
    if (!("rule" in object) || !hidesEverySource(object.rule)) continue
    const { family, table, chain } = object.rule
    const message =
      "kube-proxy hides who connects to a Service (masqueradeAll): pods of other nodes see this node's address, and policies " +
      `that allow pods deny it (chain ${family} ${table} ${chain}); run kube-proxy without masqueradeAll`
    return [{ code: "sources-hidden", severity: "warning", subject: "kube-proxy", message }]
  }
  return []
}

function hidesEverySource({ chain, expr }: Rule): boolean {
  if (!SERVICE_CHAIN.test(chain)) return false
  const matches = expr.flatMap((each) => ("match" in each ? [each.match] : []))
  const marks = expr.some((each) => "jump" in each && MARKING.has(each.jump.target))
  const isForAddress = matches.some(({ left }) => JSON.stringify(left).includes('"daddr"'))
  return marks && isForAddress && matches.every(({ op }) => op !== "!=")
}
