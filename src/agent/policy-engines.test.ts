// Which chains and tables stand for another engine.

import type { Chain } from "nftables-json/schema"
import { expect, test } from "vitest"
import { policyEngineProblems } from "./policy-engines.ts"

test.for<[string, string, string, readonly string[]]>([
  ["Calico's chains of iptables-nft", "filter", "cali-FORWARD", ["Calico"]],
  ["Calico's own table", "calico", "filter-FORWARD", ["Calico"]],
  ["Cilium", "filter", "CILIUM_FORWARD", ["Cilium"]],
  ["chains that Cilium keeps while it starts", "filter", "OLD_CILIUM_FORWARD", ["Cilium"]],
  ["kube-router's hook", "filter", "KUBE-ROUTER-FORWARD", ["kube-router"]],
  ["kube-router's pods", "filter", "KUBE-POD-FW-ABCDEFGH", ["kube-router"]],
  ["kube-router's policies", "filter", "KUBE-NWPLCY-ABCDEFGH", ["kube-router"]],
  ["kube-router's table", "kube-router", "x", ["kube-router"]],
  ["Antrea", "filter", "ANTREA-FORWARD", ["Antrea"]],
  ["kindnet", "kindnet-network-policies", "postrouting", ["kube-network-policies"]],
  ["kube-network-policies", "kube-network-policies", "forward", ["kube-network-policies"]],
  ["Weave", "filter", "WEAVE-NPC-DEFAULT", ["Weave Net"]],
  ["services of kube-proxy are no policy", "filter", "KUBE-FORWARD", []],
  ["nor is its table", "kube-proxy", "filter-forward", []],
  ["nor are flannel's chains", "filter", "FLANNEL-FWD", []],
  ["nor is kindnet's masquerading", "kindnet-ipmasq", "postrouting", []],
  ["nor is a chain that only holds the word", "filter", "no-cali-here", []],
])("%s", ([, table, name, expected]) => {
  const found = policyEngineProblems([{ family: "ip", table, name }])
  expect(found.map(({ subject }) => subject)).toEqual(expected)
  for (const problem of found) {
    expect(problem).toMatchObject({ code: "other-policy-engine", severity: "warning" })
    expect(problem.message).toContain(`ip ${table} ${name}`)
  }
})

test("an engine is named once, however many chains it has, and beside others", () => {
  const chain = (name: string): Chain => ({ family: "ip6", table: "filter", name })
  const found = policyEngineProblems(["cali-INPUT", "WEAVE-NPC", "cali-FORWARD"].map(chain))
  expect(found.map(({ subject }) => subject)).toEqual(["Calico", "Weave Net"])
})
