// Random NetworkPolicies over small alphabets, so that selectors, blocks and ports often meet.
//
// Every one is an object the API server would store; lists are missing, null or empty as often as users
// leave them so.

import * as fc from "fast-check"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { NAMESPACES, PORT_NAMES, PORTS } from "./alphabet.ts"

/** The first is the most crowded. */
export const namespace = fc.oneof(
  ...NAMESPACES.map((name, i) => ({ weight: NAMESPACES.length - i, arbitrary: fc.constant(name) })),
)

export const labels: fc.Arbitrary<Readonly<Record<string, string>>> = fc
  .record(
    {
      a: fc.constantFrom("x", "y", ""),
      b: fc.constantFrom("x", "y"),
      constructor: fc.constantFrom("x"),
    },
    { requiredKeys: [] },
  )
  .map((each) => ({ ...each }))

const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("a", "b") },
  { weight: 1, arbitrary: fc.constantFrom("constructor", "none") },
)
const values = fc.uniqueArray(fc.constantFrom("x", "y", "z", ""), { minLength: 1, maxLength: 2 })

const expression = fc.oneof(
  fc.record({ key, operator: fc.constantFrom("In", "NotIn"), values }),
  fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
)

export const podSelector = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 4,
    arbitrary: fc.record({ matchLabels: fc.record({ a: fc.constantFrom("x", "y", "x", "y", null) }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ matchLabels: labels, matchExpressions: listOf(expression) }) },
)

export const namespaceSelector = fc.oneof(
  podSelector,
  fc.constantFrom(...NAMESPACES).map((name) => ({ matchLabels: { "kubernetes.io/metadata.name": name } })),
)

/** Blocks and, for each, excepts that lie strictly inside; of some the excepts leave nothing. */
const BLOCKS: readonly (readonly [cidr: string, excepts: readonly string[]])[] = [
  ["0.0.0.0/0", ["10.0.0.0/8", "10.0.1.0/24", "172.16.0.0/12", "10.0.1.10/32"]],
  ["10.0.0.0/8", ["10.0.1.0/24", "10.0.1.8/29", "10.0.2.10/31"]],
  ["10.0.0.0/22", ["10.0.1.0/24", "10.0.2.0/24", "10.0.1.12/32"]],
  ["10.0.1.8/29", ["10.0.1.10/32", "10.0.1.12/30"]],
  ["10.0.1.13/29", ["10.0.1.8/30"]],
  ["10.0.1.11/32", []],
  ["10.0.2.0/24", ["10.0.2.8/29", "10.0.2.128/25"]],
  ["10.0.1.0/24", ["10.0.1.0/25", "10.0.1.128/25"]],
  ["172.16.0.0/12", ["172.16.1.0/24", "172.16.1.5/32"]],
  ["172.16.1.5/32", []],
  ["192.168.0.0/24", ["192.168.0.1/32"]],
  ["::/0", ["fd00::/16", "2001:db8::/32", "fd00:1::10/128"]],
  ["fd00::/16", ["fd00:1::/64", "fd00:2::8/125"]],
  ["fd00:1::/64", ["fd00:1::8/125", "fd00:1::c/126"]],
  ["fd00:2::a/125", ["fd00:2::a/128"]],
  ["fd00:1::/64", ["fd00:1::/65", "fd00:1:0:0:8000::/65"]],
  ["2001:db8::/32", ["2001:db8::5/128"]],
]

export const ipBlock = fc.constantFrom(...BLOCKS).chain(([cidr, excepts]) =>
  fc.record({
    cidr: fc.constant(cidr),
    ...(excepts.length > 0 ? { except: listOf(fc.constantFrom(...excepts)) } : {}),
  }),
)

export const peer = fc.oneof(
  { weight: 3, arbitrary: fc.record({ podSelector }) },
  { weight: 2, arbitrary: fc.record({ namespaceSelector }) },
  { weight: 2, arbitrary: fc.record({ podSelector, namespaceSelector }) },
  { weight: 4, arbitrary: fc.record({ ipBlock }) },
)

const protocol = { protocol: fc.constantFrom("TCP", "UDP", "SCTP") }
const partly: { requiredKeys: [] } = { requiredKeys: [] }
const number = fc.constantFrom(...PORTS)

export const port = fc.oneof(
  { weight: 4, arbitrary: fc.record({ port: number, ...protocol }, { requiredKeys: ["port"] }) },
  {
    weight: 3,
    arbitrary: fc
      .record(
        { port: number, length: fc.constantFrom(0, 1, 2, 400, 65535), ...protocol },
        { requiredKeys: ["port", "length"] },
      )
      .map(({ length, ...rest }) => ({ ...rest, endPort: Math.min(rest.port + length, 65535) })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ port: fc.constantFrom(...PORT_NAMES), ...protocol }, { requiredKeys: ["port"] }),
  },
  { weight: 1, arbitrary: fc.record(protocol, partly) },
)

/** A list with content, or empty, null or missing: all that users write for "none". */
function listOf<T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[] | null | undefined> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom([], null, undefined) },
  )
}

const policyTypes = fc.constantFrom(
  undefined,
  null,
  [],
  ["Ingress"],
  ["Egress"],
  ["Ingress", "Egress"],
  ["Egress", "Ingress"],
)

const subject = fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: podSelector })

const spec = fc.record(
  {
    podSelector: subject,
    policyTypes,
    ingress: listOf(fc.record({ from: listOf(peer), ports: listOf(port) }, partly)),
    egress: listOf(fc.record({ to: listOf(peer), ports: listOf(port) }, partly)),
  },
  { requiredKeys: ["podSelector"] },
)

export function policiesUpTo(maxLength: number): fc.Arbitrary<readonly PolicyObject[]> {
  return fc.array(fc.record({ namespace, spec }), { maxLength }).map((all) =>
    all.map(({ namespace, spec }, i) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: `policy-${i}`, namespace },
      spec: withoutUndefined(spec),
    })),
  )
}

/** YAML and JSON have no undefined: such a field is missing. */
export function withoutUndefined(value: unknown): unknown {
  const text: string = JSON.stringify(value)
  return JSON.parse(text)
}
