// Where a NetworkPolicy writes what: each peer and each port is read alone, by the readers that lower it.

import { fieldOf, listIn, withoutNulls } from "../../api/conforms.ts"
import type { FieldPath } from "../../api/diagnostic.ts"
import { networkPolicySpecSchema } from "../../api/networkpolicy.ts"
import { root, silent } from "../../api/report.ts"
import type { Direction, Rule } from "../../compile/policy-ir.ts"
import type { Outline, OutlinedPeer, OutlinedPort, OutlinedRule } from "../policy-outline.ts"
import { readPeers } from "./peers.ts"
import { readPorts } from "./ports.ts"

const unseen = root(silent)

export const outlineNetworkPolicy: Outline = (policy, ir) => {
  const spec = withoutNulls(policy.spec, networkPolicySpecSchema) ?? {}
  const { namespace } = policy.metadata
  const rulesOf = (direction: Direction): readonly OutlinedRule[] => {
    const sources = listIn(spec, direction)
    return (ir[direction]?.rules ?? []).map((rule, i) =>
      outlineRule(sources[i], { direction, namespace, rule, path: ["spec", direction, i] }),
    )
  }
  return {
    subject: ["spec", "podSelector"],
    isolation: { ingress: isolationPath(spec, "ingress"), egress: isolationPath(spec, "egress") },
    rules: [...rulesOf("ingress"), ...rulesOf("egress")],
  }
}

function isolationPath(spec: unknown, direction: Direction): FieldPath {
  const types = listIn(spec, "policyTypes")
  const at = types.findIndex((type) => typeof type === "string" && type.toLowerCase() === direction)
  if (at >= 0) return ["spec", "policyTypes", at]
  return fieldOf(spec, direction) === undefined ? ["spec"] : ["spec", direction]
}

interface RuleContext {
  readonly direction: Direction
  readonly namespace: string
  readonly rule: Rule
  readonly path: FieldPath
}

function outlineRule(source: unknown, { direction, namespace, rule, path }: RuleContext): OutlinedRule {
  const field = direction === "ingress" ? "from" : "to"
  return {
    direction,
    path,
    rule,
    peers: listIn(source, field).flatMap((peer, i) => outlinePeer(peer, namespace, [...path, field, i])),
    ports: listIn(source, "ports").flatMap((port, i) => outlinePort(port, [...path, "ports", i])),
  }
}

function outlinePeer(peer: unknown, namespace: string, path: FieldPath): readonly OutlinedPeer[] {
  const read = readPeers([peer], { namespace, source: "api" }, unseen)
  if (read.kind === "any") return []
  const namespaces = fieldOf(peer, "namespaceSelector") === undefined ? path : [...path, "namespaceSelector"]
  return [
    ...read.pods.map((pods): OutlinedPeer => ({ kind: "pods", path, pods, namespaces })),
    ...read.blocks.map((block): OutlinedPeer => {
      return { kind: "block", path: [...path, "ipBlock", "cidr"], block }
    }),
  ]
}

function outlinePort(port: unknown, path: FieldPath): readonly OutlinedPort[] {
  const read = readPorts([port], unseen)
  return read.kind === "any" ? [] : [...read.ranges, ...read.names].map((each) => ({ path, port: each }))
}
