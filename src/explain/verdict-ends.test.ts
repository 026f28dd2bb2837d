import { expect, test } from "vitest"
import { networkPolicy, pod, snapshot } from "../../test/snapshots.ts"
import {
  bare,
  block,
  db,
  expectRows,
  fromWeb,
  frontend,
  ingressToDb,
  namespaces,
  nodes,
  oldDb,
  otherWeb,
  outside,
  outside6,
  podNamed,
  pods,
  sql,
  web,
} from "../../test/verdict-cluster.ts"
import { networkPolicyJudge } from "./networkpolicy.ts"
import { verdict } from "./verdict.ts"
import { createWorld, DEFAULT_SETTINGS, endpointsOf } from "./world.ts"

// Address blocks

expectRows([
  [
    "an ipBlock holds an address in it",
    ingressToDb({ from: [block("172.17.0.0/16")] }),
    outside,
    db,
    sql,
    "Allow",
  ],
  [
    "except takes away from its own block",
    ingressToDb({ from: [block("172.17.0.0/16", "172.17.0.0/24")] }),
    outside,
    db,
    sql,
    "Deny",
  ],
  [
    "another block of the rule may allow the range again",
    ingressToDb({ from: [block("172.17.0.0/16", "172.17.0.0/24"), block("172.17.0.8/30")] }),
    outside,
    db,
    sql,
    "Allow",
  ],
  [
    "another rule may allow the range again",
    ingressToDb({ from: [block("172.17.0.0/16", "172.17.0.0/24")] }, { from: [block("172.17.0.8/30")] }),
    outside,
    db,
    sql,
    "Allow",
  ],
  ["host bits are masked", ingressToDb({ from: [block("172.17.3.9/16")] }), outside, db, sql, "Allow"],
  ["0.0.0.0/0 is not ::/0", ingressToDb({ from: [block("0.0.0.0/0")] }), outside6, db, sql, "Deny"],
  ["::/0 is not 0.0.0.0/0", ingressToDb({ from: [block("::/0")] }), outside, db, sql, "Deny"],
  [
    "an ipBlock holds pods' addresses too",
    ingressToDb({ from: [block("10.0.2.0/24")] }),
    otherWeb,
    db,
    sql,
    "Allow",
  ],
  [
    "an ipBlock of one family decides that family only",
    ingressToDb({ from: [block("10.0.0.0/8")] }),
    web,
    db,
    sql,
    "Mixed",
  ],
  [
    "leading zeros are decimal, as the API server reads them",
    ingressToDb({ from: [block("172.017.0.0/16")] }),
    outside,
    db,
    sql,
    "Allow",
  ],
  [
    "an IPv4-mapped block is IPv4, as the API server reads it",
    ingressToDb({ from: [block("::ffff:172.17.0.0/112")] }),
    outside,
    db,
    sql,
    "Allow",
  ],
])

// Pods and nodes

expectRows([
  [
    "dual-stack pods are peers with all their addresses",
    ingressToDb({ from: [frontend] }),
    web,
    db,
    sql,
    "Allow",
  ],
  [
    "an address stands for the pod that owns it",
    ingressToDb({ from: [frontend] }),
    { kind: "address", address: "10.0.1.4" },
    db,
    sql,
    "Allow",
  ],
  [
    "of two pods with one address the unfinished one owns it",
    ingressToDb({ from: [{ podSelector: { matchLabels: { app: "done" } } }] }),
    { kind: "address", address: "10.0.1.4" },
    db,
    sql,
    "Deny",
  ],
  [
    "a host-network pod is no peer of a selector",
    ingressToDb({ from: [frontend] }),
    podNamed("shop/far-agent"),
    db,
    sql,
    "Deny",
  ],
  [
    "a host-network pod is its node's address for an ipBlock",
    ingressToDb({ from: [block("192.168.0.0/24")] }),
    podNamed("shop/far-agent"),
    db,
    sql,
    "Allow",
  ],
  [
    "a host-network pod is no subject",
    [{ podSelector: {}, policyTypes: ["Ingress", "Egress"] }],
    outside,
    podNamed("shop/agent"),
    sql,
    "Allow",
  ],
  [
    "a node always reaches its own pods",
    ingressToDb(),
    { kind: "address", address: "192.168.0.1" },
    db,
    sql,
    "Allow",
  ],
  [
    "a host-network pod reaches the pods of its node",
    ingressToDb(),
    podNamed("shop/agent"),
    db,
    sql,
    "Allow",
  ],
  [
    "a node does not reach the pods of another node",
    ingressToDb(),
    { kind: "address", address: "192.168.0.2" },
    db,
    sql,
    "Deny",
  ],
  [
    "a pod's egress to its own node is judged",
    fromWeb(),
    web,
    { kind: "address", address: "192.168.0.1" },
    sql,
    "Deny",
  ],
  [
    "a pod always reaches its own address",
    [{ podSelector: {}, policyTypes: ["Ingress", "Egress"] }],
    db,
    db,
    sql,
    "Allow",
  ],
  [
    "an address in a pod CIDR that no pod owns is denied",
    [],
    web,
    { kind: "address", address: "10.0.2.99" },
    sql,
    "Deny",
  ],
  ["and reaches nobody", [], { kind: "address", address: "10.0.2.99" }, db, sql, "Deny"],
  ["ends without a common family cannot talk", [], bare, outside6, sql, "Deny"],
])

test.for<[string, readonly string[]]>([
  ["whichever comes first", ["app/a", "app/b"]],
  ["or last", ["app/b", "app/a"]],
])("of several pods that have not finished the first by name owns an address they claim: %s", ([, order]) => {
  const claiming = order.map((name) => pod(name.slice(4), { namespace: "app", addresses: ["10.0.1.9"] }))
  const world = createWorld(
    snapshot({ namespaces: {}, pods: claiming, policies: [] }),
    () => networkPolicyJudge,
  )
  expect(world.ownerOf("10.0.1.9")?.name).toBe("a")
  const ends = claiming.map((each) => [each.name, endpointsOf({ kind: "pod", pod: each }, world).length])
  expect(Object.fromEntries(ends)).toEqual({ a: 1, b: 0 })
})

test("a pod's way to itself through a Service is judged by its own identity", () => {
  const policies = [networkPolicy("isolated", { podSelector: {} })]
  const world = createWorld(snapshot({ namespaces, nodes, pods, policies }), () => networkPolicyJudge)
  expect(verdict({ from: db, to: db, port: sql, throughService: true }, world).verdict).toBe("Deny")
})

test.for<[string, readonly string[], string, "Allow" | "Deny"]>([
  ["without a pod CIDR an address could be any of its family", [], "10.0.0.0/8", "Deny"],
  ["a block of the whole family holds it", [], "0.0.0.0/0", "Allow"],
  ["a block that holds the pod CIDR holds it", ["10.0.0.0/16"], "10.0.0.0/8", "Allow"],
  [
    "a block that holds one of two pod CIDRs does not",
    ["10.0.0.0/16", "172.16.0.0/16"],
    "10.0.0.0/8",
    "Deny",
  ],
])("a pod without an address: %s", ([, podCIDRs, cidr, expected]) => {
  const policies = [networkPolicy("from-block", ingressToDb({ from: [block(cidr)] })[0])]
  const parts = {
    namespaces,
    pods: [...pods.filter((each) => each.name === "db-old"), ...pods.slice(-1)],
    policies,
  }
  const settings = { ...DEFAULT_SETTINGS, podCIDRs }
  const world = createWorld(snapshot(parts), () => networkPolicyJudge, settings)
  const explained = verdict({ from: podNamed("other/planned"), to: oldDb, port: sql }, world)
  expect(explained.verdict).toBe(expected)
  expect(explained.ingress?.trace.some((step) => step.outcome === "assumed")).toBe(true)
})
