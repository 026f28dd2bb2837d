// What cannot be read fails closed: it matches nothing, or isolates.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import { listIn } from "../../api/conforms.ts"
import { collector } from "../../api/report.ts"
import { lower } from "../registry.ts"
import { networkPolicyKind } from "./kind.ts"
import { readNetworkPolicy } from "./read.ts"
import { anywhere, firstRule, inShop, nothing, peersOf, policy, portsOf, rulesOf } from "./test-policies.ts"

test.for<readonly [string, unknown]>([
  ["no content", {}],
  ["null", null],
  ["a list", []],
  ["an unknown field", { podSelector: {}, serviceSelector: {} }],
  ["a block beside a selector", { podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }],
  ["a selector that is a string", { podSelector: "web" }],
  ["a selector with an unknown field", { podSelector: { labels: {} } }],
  ["a label that is no string", { podSelector: { matchLabels: { app: 1 } } }],
  [
    "an operator that there is not",
    { podSelector: { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] } },
  ],
  ["In without values", { namespaceSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }],
  [
    "Exists with values",
    { podSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } },
  ],
  ["an unknown field beside a block", { ipBlock: { cidr: "10.0.0.0/8" }, ipblock: {} }],
  ["an unknown field of a block", { ipBlock: { cidr: "10.0.0.0/8", exept: ["10.1.0.0/16"] } }],
  ["excepts that are no list", { ipBlock: { cidr: "10.0.0.0/8", except: "10.1.0.0/16" } }],
  ["a block without cidr", { ipBlock: {} }],
  ["a block that is no block", { ipBlock: { cidr: "10.0.0.0" } }],
  ["an except outside", { ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/8"] } }],
  ["an except that is no block", { ipBlock: { cidr: "10.0.0.0/8", except: ["x"] } }],
])("a peer that cannot be read matches nothing: %s", ([, peer]) => {
  expect(peersOf(peer)).toEqual(nothing.peers)
  expect(peersOf(peer, { podSelector: {} })).toEqual({
    kind: "some",
    pods: [{ namespaces: inShop, pods: [] }],
    blocks: [],
  })
})

test.for<readonly [string, unknown]>([
  ["a number in quotes", { port: "80" }],
  ["0", { port: 0 }],
  ["65536", { port: 65536 }],
  ["a fraction", { port: 80.5 }],
  ["endPort alone", { endPort: 90 }],
  ["endPort before port", { port: 90, endPort: 80 }],
  ["endPort beside a name", { port: "http", endPort: 90 }],
  ["a protocol that there is not", { port: 80, protocol: "ICMP" }],
  ["an unknown field", { port: 80, name: "http" }],
  ["null", null],
])("a port that cannot be read matches nothing: %s", ([, port]) => {
  expect(portsOf(port)).toEqual(nothing.ports)
  expect(portsOf(port, { port: 80 })).toEqual({
    kind: "some",
    ranges: [{ protocol: "TCP", from: 80, to: 80 }],
    names: [],
  })
})

test.for<readonly [string, unknown]>([
  ["null", null],
  ["a list", []],
  ["an unknown field", { ipBlocks: [] }],
  ["to in an ingress rule", { to: [{ podSelector: {} }] }],
  ["from that is no list", { from: {} }],
])("a rule that cannot be read matches nothing: %s", ([, rule]) => {
  expect(rulesOf(lower(policy({ podSelector: {}, ingress: [rule, {}] })).ingress)).toEqual([
    nothing,
    anywhere,
  ])
})

test.for<readonly [string, unknown]>([
  ["no mapping", "spec"],
  ["an unknown field", { podSelector: {}, igress: [{}] }],
  ["a podSelector that is no selector", { podSelector: { app: "web" }, ingress: [{}] }],
  [
    "an operator that there is not",
    { podSelector: { matchExpressions: [{ key: "a", operator: "in" }] }, ingress: [{}] },
  ],
  ["policyTypes that there are not", { podSelector: {}, policyTypes: ["ingress"], ingress: [{}] }],
  ["rules that are no list", { podSelector: {}, ingress: {} }],
])("a spec that cannot be read isolates the whole namespace and allows nothing: %s", ([, spec]) => {
  const closed = { isolates: true, rules: [] }
  expect(lower(policy(spec))).toMatchObject({
    subject: { namespaces: inShop, pods: [] },
    ingress: closed,
    egress: closed,
  })
})

test("a label that no object can have is a requirement that nothing meets", () => {
  expect(lower(policy({ podSelector: { matchLabels: { app: "not a value" } } })).subject.pods).toEqual([
    { op: "in", key: "app", values: new Set(["not a value"]) },
  ])
})

// Laws

const junk = fc.oneof(
  { depthSize: "small" },
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom({}, [], null, "http", 80, "10.0.0.0/8"),
)
const maybeJunk = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: junk })
const record = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(fields, { requiredKeys: [] })
const selector = maybeJunk(
  record({
    matchLabels: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), maybeJunk(fc.constantFrom("x", "y"))),
  }),
)
const block = record({
  cidr: maybeJunk(fc.constantFrom("10.0.0.0/8", "::/0")),
  except: maybeJunk(fc.constant(["10.1.0.0/16"])),
})
const peer = maybeJunk(record({ podSelector: selector, namespaceSelector: selector, ipBlock: block }))
const port = maybeJunk(
  record({
    port: maybeJunk(fc.constantFrom(80, "http", 0)),
    endPort: fc.constantFrom(90, 1),
    protocol: fc.constantFrom("TCP", "tcp"),
  }),
)
const rule = maybeJunk(record({ from: maybeJunk(fc.array(peer)), ports: maybeJunk(fc.array(port)) }))
const spec = maybeJunk(
  record({
    podSelector: selector,
    policyTypes: maybeJunk(fc.subarray(["Ingress", "Egress", "egress"])),
    ingress: maybeJunk(fc.array(rule)),
    egress: maybeJunk(fc.array(junk)),
  }),
)

test("whatever the spec is, lowering does not throw and something is isolated", () => {
  fc.assert(
    fc.property(spec, (spec) => {
      const { ingress, egress } = lower(policy(spec))
      expect(ingress?.isolates === true || egress?.isolates === true).toBe(true)
    }),
  )
})

test("a file without an error is lowered as it stands", () => {
  fc.assert(
    fc.property(spec, (spec) => {
      const told = networkPolicyKind.check(policy(spec), "file")
      fc.pre(told.every(({ severity }) => severity !== "error"))
      const asFile = readNetworkPolicy(policy(spec), { report: collector().report, source: "file" })
      expect(asFile).toEqual(lower(policy(spec)))
    }),
  )
})

test("a rule allows everyone only where it names no peers, and everything only where it names no ports", () => {
  const names = (rule: unknown, field: string) => listIn(rule, field).length > 0
  fc.assert(
    fc.property(rule, (rule) => {
      const lowered = firstRule(lower(policy({ podSelector: {}, ingress: [rule] })))
      expect(lowered?.peers.kind === "any" && names(rule, "from")).toBe(false)
      expect(lowered?.ports.kind === "any" && names(rule, "ports")).toBe(false)
    }),
  )
})

test("with an error in every peer, port and rule nothing is allowed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant({}), fc.string(), fc.integer(), fc.constant(null)), { minLength: 1 }),
      (from) => {
        expect(peersOf(...from)).toEqual(nothing.peers)
      },
    ),
  )
})
