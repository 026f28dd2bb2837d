// Random changes of a small cluster, over alphabets so small that everything meets: addresses with several
// owners, namespaces without an object, words that come into use and go out of it.

import * as fc from "fast-check"
import type {
  Block,
  Lower,
  Peers,
  PodExpression,
  PolicyIr,
  Ports,
  Rule,
} from "../../src/compile/policy-ir.ts"
import type { Requirement, Selector } from "../../src/compile/selector.ts"
import type { Change, ContainerPort, Pod, PolicyObject } from "../../src/compile/snapshot.ts"
import { deletionOf } from "./cluster.ts"

/** The spec of a test's policy is its IR. */
export interface IrPolicy extends PolicyObject {
  readonly spec: PolicyIr
}

const irs = new WeakMap<PolicyObject, PolicyIr>()

export const lowerIr: Lower = (policy) => {
  const ir = irs.get(policy)
  if (ir === undefined) throw new Error(`no policy of this test: ${policy.metadata.name}`)
  return ir
}

export function irPolicy(ir: PolicyIr): PolicyObject {
  const { kind, namespace, name } = ir.policy
  const object: PolicyObject = { apiVersion: "test/v1", kind, metadata: { name, namespace }, spec: ir }
  irs.set(object, ir)
  return object
}

export const NAMESPACES = ["red", "green", "blue"] as const
export const ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.1", "fd00::1", "fd00::2"] as const
export const PORTS = [53, 80, 81, 443] as const
const POD_NAMES = ["p", "q", "r"] as const
const NODES = ["m", "n", "o"] as const
const PORT_NAMES = ["dns", "web", "constructor"] as const
const PROTOCOLS = ["TCP", "UDP"] as const
const BLOCKS = [
  { cidr: "10.0.0.0/8", except: [] },
  { cidr: "10.0.0.0/24", except: ["10.0.0.2/31"] },
  { cidr: "10.0.1.1/32", except: [] },
  { cidr: "fd00::/64", except: ["fd00::2/128"] },
  { cidr: "10.0.0.2/32", except: ["10.0.0.2/32"] },
] as const

const value = fc.constantFrom("x", "y", "")
const labels = fc
  .record({ a: value, b: value, c: value, constructor: value, __proto: value }, { requiredKeys: [] })
  .chain((each) => fc.shuffledSubarray(Object.entries(each), { minLength: Object.keys(each).length }))
  .map((entries) => Object.fromEntries(entries))

const requirement: fc.Arbitrary<Requirement> = fc
  .tuple(
    fc.constantFrom<Requirement["op"]>("in", "in", "in", "not-in", "exists", "missing"),
    fc.constantFrom("a", "a", "a", "b", "c", "constructor", "absent"),
    fc.oneof(
      { weight: 9, arbitrary: fc.uniqueArray(value, { minLength: 1, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
  )
  .map(([op, key, values]): Requirement => {
    return op === "in" || op === "not-in" ? { op, key, values: new Set(values) } : { op, key }
  })

const selector: fc.Arbitrary<Selector> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 4, arbitrary: fc.tuple(requirement) },
  { weight: 1, arbitrary: fc.array(requirement, { minLength: 2, maxLength: 3 }) },
)

const expression: fc.Arbitrary<PodExpression> = fc.record({
  namespaces: fc.oneof(
    fc.constantFrom(...NAMESPACES).map((name) => ({ kind: "name" as const, name })),
    fc
      .constantFrom<Selector>(
        [],
        [{ op: "exists", key: "a" }],
        [{ op: "in", key: "a", values: new Set(["x"]) }],
      )
      .map((each) => ({ kind: "selector" as const, selector: each })),
    selector.map((each) => ({ kind: "selector" as const, selector: each })),
    fc.constantFrom(...NAMESPACES).map((name) => {
      const key = "kubernetes.io/metadata.name"
      return { kind: "selector" as const, selector: [{ op: "in" as const, key, values: new Set([name]) }] }
    }),
  ),
  pods: selector,
})

const peers: fc.Arbitrary<Peers> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Peers>({ kind: "any" }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("some" as const),
      pods: fc.array(expression, { maxLength: 2 }),
      blocks: fc.array(fc.constantFrom(...BLOCKS), { maxLength: 1 }),
    }),
  },
)

const protocol = fc.constantFrom(...PROTOCOLS)
const range = fc
  .tuple(protocol, fc.constantFrom(0, ...PORTS), fc.constantFrom(0, 0, 1, 27, 400))
  .map(([protocol, from, length]) => ({ protocol, from, to: from + length }))

const ports: fc.Arbitrary<Ports> = fc.oneof(
  fc.constant<Ports>({ kind: "any" }),
  fc.record({
    kind: fc.constant("some" as const),
    ranges: fc.array(range, { maxLength: 2 }),
    names: fc.array(fc.record({ protocol, name: fc.constantFrom(...PORT_NAMES) }), { maxLength: 2 }),
  }),
)

type UnnamedRule = Omit<Rule, "origin">
interface UnnamedBlock {
  readonly isolates: boolean
  readonly rules: readonly UnnamedRule[]
}

function block(
  isolates: boolean,
  actions: readonly Rule["action"][],
): fc.Arbitrary<UnnamedBlock | undefined> {
  const rule = fc.record({ action: fc.constantFrom(...actions), peers, ports })
  const some = fc.record({ isolates: fc.constant(isolates), rules: fc.array(rule, { maxLength: 3 }) })
  return fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: some })
}

const additive = block(true, ["Accept"])
const ordered = block(false, ["Accept", "Deny", "Pass", "Log"])

const networkPolicy = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom("s", "t"),
    pods: selector,
    ingress: additive,
    egress: additive,
  })
  .map(({ namespace, name, pods, ingress, egress }): PolicyIr => {
    const policy = { kind: "NetworkPolicy", namespace, name }
    const subject: PodExpression = { namespaces: { kind: "name", name: namespace }, pods }
    return {
      policy,
      tier: { name: "NetworkPolicy", order: 200 },
      order: 0,
      subject,
      ...blocks(policy, ingress, egress),
    }
  })

const orderedPolicy = fc
  .record({
    name: fc.constantFrom("u", "v"),
    tier: fc.constantFrom({ name: "Admin", order: 100 }, { name: "Baseline", order: 300 }),
    order: fc.nat(1),
    subject: expression,
    ingress: ordered,
    egress: ordered,
  })
  .map(({ name, ingress, egress, ...rest }): PolicyIr => {
    const policy = { kind: "ClusterNetworkPolicy", namespace: "", name }
    return { policy, ...rest, ...blocks(policy, ingress, egress) }
  })

function blocks(
  policy: PolicyIr["policy"],
  ingress: UnnamedBlock | undefined,
  egress: UnnamedBlock | undefined,
): Pick<PolicyIr, "ingress" | "egress"> {
  const named = ({ isolates, rules }: UnnamedBlock, direction: string): Block => {
    return {
      isolates,
      rules: rules.map((rule, i) => ({ ...rule, origin: { policy, path: `spec.${direction}[${i}]` } })),
    }
  }
  return {
    ...(ingress === undefined ? {} : { ingress: named(ingress, "ingress") }),
    ...(egress === undefined ? {} : { egress: named(egress, "egress") }),
  }
}

const containerPort: fc.Arbitrary<ContainerPort> = fc.record({
  name: fc.constantFrom("", ...PORT_NAMES),
  protocol,
  port: fc.constantFrom(...PORTS),
})

const pod: fc.Arbitrary<Pod> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom(...POD_NAMES),
    incarnation: fc.constantFrom("", "1", "2"),
    labels,
    node: fc.constantFrom("", ...NODES),
    addresses: fc.array(fc.constantFrom(...ADDRESSES), { maxLength: 2 }),
    hostNetwork: rarely(),
    finished: rarely(),
    ports: fc.array(containerPort, { maxLength: 2 }),
  })
  .map(({ incarnation, ...rest }) => {
    return { ...rest, uid: incarnation === "" ? "" : `${rest.namespace}-${rest.name}-${incarnation}` }
  })

function rarely(): fc.Arbitrary<boolean> {
  return fc.nat(7).map((n) => n === 0)
}

const policy: fc.Arbitrary<Change> = fc
  .oneof({ weight: 2, arbitrary: networkPolicy }, { weight: 1, arbitrary: orderedPolicy })
  .map((ir) => ({ kind: "policy", op: "set", value: irPolicy(ir) }))

const mode = fc.constantFrom(
  {},
  {},
  ...["observe", "observe", "enforce", "Observe"].map((value) => ({ "postern.dev/enforcement": value })),
)

const namespace: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom(...NAMESPACES), labels, mode)
  .map(([name, rest, mode]) => {
    const value = { name, labels: { ...rest, ...mode, "kubernetes.io/metadata.name": name } }
    return { kind: "namespace", op: "set", value }
  })

const node: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom(...NODES), fc.subarray(["10.0.0.0/24", "10.0.1.0/24", "fd00::/64"]))
  .map(([name, podCIDRs]) => {
    return { kind: "node", op: "set", value: { name, labels: {}, addresses: [], podCIDRs } }
  })

/** An object that comes or changes. */
export const setting: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: pod.map((value): Change => ({ kind: "pod", op: "set", value })) },
  { weight: 5, arbitrary: policy },
  { weight: 2, arbitrary: namespace },
  { weight: 1, arbitrary: node },
)

export const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: setting },
  { weight: 1, arbitrary: setting.map(deletionOf) },
)
