// Which rules of kube-proxy hide the sources of all connections to Services.

import type { Ruleset, Statement } from "nftables-json/schema"
import { expect, test } from "vitest"
import { masqueradeProblems } from "./masquerading.ts"

const toService: Statement = {
  match: { op: "==", left: { payload: { protocol: "ip", field: "daddr" } }, right: "10.96.0.1" },
}
const fromElsewhere: Statement = {
  match: {
    op: "!=",
    left: { payload: { protocol: "ip", field: "saddr" } },
    right: { prefix: { addr: "10.0.0.0", len: 8 } },
  },
}
const fromOtherInterface: Statement = {
  match: { op: "!=", left: { meta: { key: "iifname" } }, right: "cbr0" },
}
const fromEndpoint: Statement = {
  match: { op: "==", left: { payload: { protocol: "ip", field: "saddr" } }, right: "10.0.1.2" },
}
const jump = (target: string): Statement => ({ jump: { target } })
const iptables = jump("KUBE-MARK-MASQ")
const nftables = jump("mark-for-masquerade")
const NFT_SERVICE = "service-ULMVA6XW-ns1/svc1/tcp/p80"

test.for<[string, string, readonly Statement[], boolean]>([
  ["iptables, everybody's", "KUBE-SVC-ABC", [toService, iptables], true],
  ["iptables, of Services with a local policy", "KUBE-SVL-ABC", [toService, iptables], true],
  ["nftables, everybody's", NFT_SERVICE, [toService, nftables], true],
  ["iptables, only what comes from outside", "KUBE-SVC-ABC", [fromElsewhere, toService, iptables], false],
  ["nftables, only what comes from outside", NFT_SERVICE, [toService, fromElsewhere, nftables], false],
  ["only what comes by another interface", NFT_SERVICE, [toService, fromOtherInterface, nftables], false],
  ["what comes back to itself", "KUBE-SEP-ABC", [fromEndpoint, iptables], false],
  ["external addresses", "KUBE-EXT-ABC", [iptables], false],
  ["the way to an endpoint", "KUBE-SVC-ABC", [toService, jump("KUBE-SEP-ABC")], false],
])("%s", ([, chain, expr, isFound]) => {
  const ruleset: Ruleset = [{ rule: { family: "ip", table: "nat", chain, expr } }]
  const found = masqueradeProblems([...ruleset, ...ruleset])
  expect(found.map(({ code, severity }) => `${code} ${severity}`)).toEqual(
    isFound ? ["sources-hidden warning"] : [],
  )
  for (const { message } of found) expect(message).toContain(`chain ip nat ${chain}`)
})
