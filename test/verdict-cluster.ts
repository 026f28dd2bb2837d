// The cluster that the verdict tables are about: two nodes, dual-stack, and every sort of pod.

import { expect, test } from "vitest"
import type { Pod } from "../src/compile/snapshot.ts"
import type { Port } from "../src/explain/judge.ts"
import { networkPolicyJudge } from "../src/explain/networkpolicy.ts"
import { verdict } from "../src/explain/verdict.ts"
import { createWorld, type End } from "../src/explain/world.ts"
import { networkPolicy, node, pod, snapshot } from "./snapshots.ts"

export const nodes = [
  node("node-a", { addresses: ["192.168.0.1", "fd00::1"], podCIDRs: ["10.0.1.0/24", "fd01:1::/64"] }),
  node("node-b", { addresses: ["192.168.0.2", "fd00::2"], podCIDRs: ["10.0.2.0/24", "fd01:2::/64"] }),
]
export const pods = [
  pod("db", {
    addresses: ["10.0.1.2", "fd01:1::2"],
    labels: { app: "db", tier: "back" },
    ports: [
      { name: "sql", protocol: "TCP", port: 5432 },
      { name: "metrics", protocol: "TCP", port: 9100 },
      { name: "metrics", protocol: "UDP", port: 9101 },
    ],
  }),
  pod("db-old", {
    addresses: ["10.0.2.3"],
    labels: { app: "db", tier: "back" },
    node: "node-b",
    ports: [{ name: "sql", protocol: "TCP", port: 3306 }],
  }),
  pod("web", { addresses: ["10.0.1.4", "fd01:1::4"], labels: { app: "web", role: "frontend" } }),
  pod("bare", { addresses: ["10.0.1.5"], labels: {} }),
  pod("agent", { hostNetwork: true, addresses: ["192.168.0.1"], labels: { role: "frontend" } }),
  pod("far-agent", {
    hostNetwork: true,
    addresses: ["192.168.0.2"],
    labels: { role: "frontend" },
    node: "node-b",
  }),
  pod("done", { finished: true, addresses: ["10.0.1.4"], labels: { app: "done" } }),
  pod("web", { namespace: "other", addresses: ["10.0.2.7"], labels: { role: "frontend" }, node: "node-b" }),
  pod("planned", { namespace: "other", node: "", labels: { role: "planned" } }),
]
export const namespaces = { shop: { team: "a" }, other: { team: "b" } }

export const db = podNamed("shop/db")
export const oldDb = podNamed("shop/db-old")
export const web = podNamed("shop/web")
export const bare = podNamed("shop/bare")
export const otherWeb = podNamed("other/web")
export const outside: End = { kind: "address", address: "172.17.0.9" }
export const outside6: End = { kind: "address", address: "2001:db8::9" }

export const sql: Port = { kind: "port", protocol: "TCP", port: 5432 }
export const tcp = (port: number): Port => ({ kind: "port", protocol: "TCP", port })
export const udp = (port: number): Port => ({ kind: "port", protocol: "UDP", port })
export const sctp = (port: number): Port => ({ kind: "port", protocol: "SCTP", port })
export const icmp: Port = { kind: "other", protocol: "ICMP" }

export function podNamed(name: string): End {
  const found: Pod | undefined = pods.find((each) => `${each.namespace}/${each.name}` === name)
  if (found === undefined) throw new Error(name)
  return { kind: "pod", pod: found }
}

type Row = readonly [
  name: string,
  specs: readonly unknown[],
  from: End,
  to: End,
  port: Port,
  expected: "Allow" | "Deny" | "Mixed",
]

export const toDb = { podSelector: { matchLabels: { app: "db" } } }
export const ingressToDb = (...ingress: readonly unknown[]) => [
  { ...toDb, policyTypes: ["Ingress"], ingress },
]
export const fromWeb = (...egress: readonly unknown[]) => [
  { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Egress"], egress },
]
export const frontend = { podSelector: { matchLabels: { role: "frontend" } } }
export const block = (cidr: string, ...except: readonly string[]) => ({ ipBlock: { cidr, except } })

export function expectRows(rows: readonly Row[]): void {
  test.for(rows)("%s", ([, specs, from, to, port, expected]) => {
    const policies = specs.map((spec, i) => networkPolicy(`policy-${i}`, spec))
    const world = createWorld(snapshot({ namespaces, nodes, pods, policies }), () => networkPolicyJudge)
    expect(verdict({ from, to, port }, world).verdict).toBe(expected)
  })
}
