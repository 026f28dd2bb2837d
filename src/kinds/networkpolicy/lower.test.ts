// The lines of the NetworkPolicy API, as rows: spec -> policy IR.

import { expect, test } from "vitest"
import type { Peers, Ports } from "../../compile/policy-ir.ts"
import { lower } from "../registry.ts"
import { networkPolicyKind } from "./kind.ts"
import { anywhere, inShop, peersOf, policy, portsOf, rulesOf } from "./test-policies.ts"

test.for<readonly [string, object, readonly unknown[] | undefined, readonly unknown[] | undefined]>([
  ["without policyTypes: ingress", {}, [], undefined],
  ["without policyTypes, with an egress rule: both", { egress: [{}] }, [], [anywhere]],
  ["egress: [] without policyTypes stays ingress only", { egress: [] }, [], undefined],
  ["egress: null without policyTypes stays ingress only", { egress: null }, [], undefined],
  ["an empty list of policyTypes is none", { policyTypes: [], egress: [{}] }, [], [anywhere]],
  ["Ingress alone drops the egress rules", { policyTypes: ["Ingress"], egress: [{}] }, [], undefined],
  ["Egress alone drops the ingress rules", { policyTypes: ["Egress"], ingress: [{}] }, undefined, []],
  ["both, without rules: both denied", { policyTypes: ["Egress", "Ingress"] }, [], []],
  ["a type twice is once", { policyTypes: ["Egress", "Egress"] }, undefined, []],
  ["rules that are null are none", { ingress: null }, [], undefined],
  ["a rule without content allows everything", { ingress: [{}] }, [anywhere], undefined],
  ["from: [] and ports: [] are missing", { ingress: [{ from: [], ports: [] }] }, [anywhere], undefined],
  [
    "from and ports that are null are missing",
    { ingress: [{ from: null, ports: null }] },
    [anywhere],
    undefined,
  ],
])("%s", ([, spec, ingress, egress]) => {
  const ir = lower(policy({ podSelector: {}, ...spec }))
  expect(rulesOf(ir.ingress)).toEqual(ingress)
  expect(rulesOf(ir.egress)).toEqual(egress)
})

test.for<readonly [string, unknown, Peers]>([
  [
    "podSelector alone looks in the policy's namespace",
    { podSelector: { matchLabels: { app: "web" } } },
    {
      kind: "some",
      pods: [{ namespaces: inShop, pods: [{ op: "in", key: "app", values: new Set(["web"]) }] }],
      blocks: [],
    },
  ],
  [
    "a label that is null is empty, not gone: it selects those that have it so",
    { podSelector: { matchLabels: { app: null } } },
    {
      kind: "some",
      pods: [{ namespaces: inShop, pods: [{ op: "in", key: "app", values: new Set([""]) }] }],
      blocks: [],
    },
  ],
  [
    "an empty podSelector is every pod of the namespace",
    { podSelector: {} },
    { kind: "some", pods: [{ namespaces: inShop, pods: [] }], blocks: [] },
  ],
  [
    "an empty namespaceSelector is every pod of every namespace",
    { namespaceSelector: {} },
    { kind: "some", pods: [{ namespaces: { kind: "selector", selector: [] }, pods: [] }], blocks: [] },
  ],
  [
    "both selectors must hold",
    {
      namespaceSelector: { matchExpressions: [{ key: "a", operator: "NotIn", values: ["b"] }] },
      podSelector: {
        matchExpressions: [
          { key: "c", operator: "Exists" },
          { key: "d", operator: "DoesNotExist" },
        ],
      },
    },
    {
      kind: "some",
      pods: [
        {
          namespaces: { kind: "selector", selector: [{ op: "not-in", key: "a", values: new Set(["b"]) }] },
          pods: [
            { op: "exists", key: "c" },
            { op: "missing", key: "d" },
          ],
        },
      ],
      blocks: [],
    },
  ],
  [
    "host bits are masked, in excepts too",
    { ipBlock: { cidr: "10.1.2.3/8", except: ["10.9.9.9/16"] } },
    { kind: "some", pods: [], blocks: [{ cidr: "10.0.0.0/8", except: ["10.9.0.0/16"] }] },
  ],
  [
    "IPv6 is written canonically",
    { ipBlock: { cidr: "2001:DB8:0:0::1/32" } },
    { kind: "some", pods: [], blocks: [{ cidr: "2001:db8::/32", except: [] }] },
  ],
  [
    "what the API server has accepted is read as it reads it: leading zeros are decimal",
    { ipBlock: { cidr: "010.1.1.1/8" } },
    { kind: "some", pods: [], blocks: [{ cidr: "10.0.0.0/8", except: [] }] },
  ],
  [
    "what the API server has accepted is read as it reads it: IPv4 in IPv6 is IPv4",
    { ipBlock: { cidr: "::ffff:10.0.0.0/104" } },
    { kind: "some", pods: [], blocks: [{ cidr: "10.0.0.0/8", except: [] }] },
  ],
  [
    "0.0.0.0/0 is IPv4 alone",
    { ipBlock: { cidr: "0.0.0.0/0" } },
    { kind: "some", pods: [], blocks: [{ cidr: "0.0.0.0/0", except: [] }] },
  ],
])("%s", ([, peer, expected]) => {
  expect(peersOf(peer)).toEqual(expected)
})

test("items of a list are alternatives", () => {
  expect(
    peersOf({ podSelector: {} }, { namespaceSelector: {} }, { ipBlock: { cidr: "10.0.0.0/8" } }),
  ).toMatchObject({
    pods: [{ namespaces: inShop }, { namespaces: { kind: "selector" } }],
    blocks: [{ cidr: "10.0.0.0/8" }],
  })
})

test.for<readonly [string, unknown, Ports]>([
  [
    "protocol is TCP where it is missing",
    { port: 80 },
    { kind: "some", ranges: [{ protocol: "TCP", from: 80, to: 80 }], names: [] },
  ],
  [
    "without port: every port of the protocol",
    { protocol: "UDP" },
    { kind: "some", ranges: [{ protocol: "UDP", from: 0, to: 65535 }], names: [] },
  ],
  [
    "a port without content is every TCP port",
    {},
    { kind: "some", ranges: [{ protocol: "TCP", from: 0, to: 65535 }], names: [] },
  ],
  [
    "endPort is inclusive",
    { port: 1, endPort: 65535, protocol: "SCTP" },
    { kind: "some", ranges: [{ protocol: "SCTP", from: 1, to: 65535 }], names: [] },
  ],
  [
    "endPort may equal port",
    { port: 7, endPort: 7 },
    { kind: "some", ranges: [{ protocol: "TCP", from: 7, to: 7 }], names: [] },
  ],
  [
    "a string is a name",
    { port: "http" },
    { kind: "some", ranges: [], names: [{ protocol: "TCP", name: "http" }] },
  ],
  [
    "null fields are missing",
    { port: null, protocol: null, endPort: null },
    { kind: "some", ranges: [{ protocol: "TCP", from: 0, to: 65535 }], names: [] },
  ],
])("%s", ([, port, expected]) => {
  expect(portsOf(port)).toEqual(expected)
})

test("every rule knows where it came from", () => {
  const ir = lower(policy({ podSelector: {}, ingress: [{}, {}], egress: [{}] }))
  const reference = { kind: "NetworkPolicy", namespace: "shop", name: "p" }
  expect([...(ir.ingress?.rules ?? []), ...(ir.egress?.rules ?? [])].map(({ origin }) => origin)).toEqual([
    { policy: reference, path: "spec.ingress[0]" },
    { policy: reference, path: "spec.ingress[1]" },
    { policy: reference, path: "spec.egress[0]" },
  ])
})

test("blocks that the API server reads in its own way are told with a warning", () => {
  const ipBlock = { cidr: "010.1.1.1/8", except: ["::ffff:10.1.0.0/112"] }
  const told = networkPolicyKind.check(policy({ podSelector: {}, ingress: [{ from: [{ ipBlock }] }] }), "api")
  expect(told.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
    "PNP0303 warning",
    "PNP0303 warning",
  ])
})
