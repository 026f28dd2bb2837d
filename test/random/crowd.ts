// Crowded clusters: so many namespaces, selectors and kinds of pods that the engine's indexes are made.
//
// They are made beyond 16 items of a kind, and beyond 64 namespaces for a selector of many (src/compile/engine); the
// small alphabets of cluster.ts never get there.

import * as fc from "fast-check"
import type { Namespace, Pod, PolicyObject } from "../../src/compile/snapshot.ts"
import { NODES } from "./alphabet.ts"
import { askedPort, containerPort, type RandomCluster } from "./cluster.ts"
import { ipBlock, port, withoutUndefined } from "./policies.ts"

const NAMESPACES = Array.from({ length: 80 }, (_, i) => `ns-${i}`)
/** Pods and policies meet in few of them. */
const namespace = fc.constantFrom(...NAMESPACES.slice(0, 3))
const KEYS = ["a", "b", "c", "d"] as const
const key = fc.constantFrom(...KEYS)
const value = fc.constantFrom("u", "v", "w", "x", "y", "z", "")
const labels = fc.dictionary(key, value, { maxKeys: 4 })

const expression = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.uniqueArray(value, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
)
const byLabels = fc.record({ matchLabels: fc.dictionary(key, value, { minKeys: 1, maxKeys: 2 }) })
const selector = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: byLabels },
  {
    weight: 4,
    arbitrary: fc.record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 3 }) }),
  },
)
const peer = fc.oneof(
  { weight: 2, arbitrary: fc.record({ podSelector: selector }) },
  { weight: 3, arbitrary: fc.record({ namespaceSelector: selector, podSelector: selector }) },
  { weight: 2, arbitrary: fc.record({ namespaceSelector: selector }) },
  { weight: 1, arbitrary: fc.record({ ipBlock }) },
)
const rules = (peers: "from" | "to") =>
  fc.array(
    fc.record(
      {
        [peers]: fc.array(peer, { minLength: 1, maxLength: 3 }),
        ports: fc.array(port, { minLength: 1, maxLength: 7 }),
      },
      { requiredKeys: [peers] },
    ),
    { maxLength: 2 },
  )
/** Few pods are isolated by many policies: most connections would be denied. */
const subject = fc.oneof({ weight: 4, arbitrary: byLabels }, { weight: 1, arbitrary: selector })
const spec = fc.record(
  { podSelector: subject, ingress: rules("from"), egress: rules("to") },
  { requiredKeys: ["podSelector"] },
)

export const crowdedCluster: fc.Arbitrary<RandomCluster> = fc
  .record({
    namespaceLabels: fc.array(labels, full(NAMESPACES.length)),
    pods: fc.array(
      fc.record({ namespace, labels, node: fc.nat(1), ports: fc.array(containerPort(), { maxLength: 3 }) }),
      full(30),
    ),
    policies: fc.array(fc.record({ namespace, spec }), full(30)),
    ports: fc.uniqueArray(askedPort(), { ...full(3), selector: (port) => JSON.stringify(port) }),
  })
  .map(({ namespaceLabels, pods, policies, ports }) => ({
    snapshot: {
      namespaces: NAMESPACES.map((name, i): Namespace => {
        return { name, labels: { ...namespaceLabels[i], "kubernetes.io/metadata.name": name } }
      }),
      nodes: NODES.map(({ name, v4, podCIDRs }) => {
        return { name, labels: {}, addresses: [v4], podCIDRs: podCIDRs.slice(0, 1) }
      }),
      pods: pods.map((sketch, i): Pod => {
        const place = { node: `node-${sketch.node + 1}`, addresses: [`10.0.${sketch.node + 1}.${10 + i}`] }
        const rest = { hostNetwork: false, finished: false, ports: sketch.ports }
        const { namespace, labels } = sketch
        return { namespace, name: `pod-${i}`, uid: `uid-${i}`, labels: { ...labels }, ...place, ...rest }
      }),
      services: [],
      policies: policies.map(({ namespace, spec }, i): PolicyObject => {
        const kind = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" }
        return { ...kind, metadata: { name: `policy-${i}`, namespace }, spec: withoutUndefined(spec) }
      }),
    },
    ports,
    strangers: ["172.16.1.5"],
    enforcement: "enforce",
  }))

/** fast-check makes long arrays only where it is told to. */
function full(length: number) {
  return { minLength: length, maxLength: length, size: "max" } as const
}
