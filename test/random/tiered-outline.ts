// Where policies of the tests' own kind write what, for lint.

import type { FieldPath } from "../../src/api/diagnostic.ts"
import type { Direction, Rule } from "../../src/compile/policy-ir.ts"
import type { Outline, OutlinedPeer, OutlinedRule } from "../../src/kinds/policy-outline.ts"

/** The kind of the tests writes its rules where NetworkPolicy does; its peers and ports are told in the IR's order. */
export const outlineTiered: Outline = (_policy, ir) => {
  const rulesOf = (direction: Direction) =>
    (ir[direction]?.rules ?? []).map((rule) => outlineRule(rule, direction, lastIndex(rule.origin.path)))
  return {
    subject: ["spec", "subject"],
    isolation: { ingress: ["spec"], egress: ["spec"] },
    rules: [...rulesOf("ingress"), ...rulesOf("egress")],
  }
}

function lastIndex(path: string): number {
  return Number(/\d+(?=\]$)/.exec(path)?.[0])
}

function outlineRule(rule: Rule, direction: Direction, index: number): OutlinedRule {
  const path: FieldPath = ["spec", direction, index]
  const { peers, ports } = rule
  return {
    direction,
    path,
    rule,
    peers:
      peers.kind === "any"
        ? []
        : [
            ...peers.pods.map((pods): OutlinedPeer => ({ kind: "pods", path, pods, namespaces: path })),
            ...peers.blocks.map((block): OutlinedPeer => ({ kind: "block", path, block })),
          ],
    ports: ports.kind === "any" ? [] : [...ports.ranges, ...ports.names].map((port) => ({ path, port })),
  }
}
