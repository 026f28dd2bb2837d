// What the names in a node's ruleset stand for, for whoever reads counters, logs and `nft list`.

import type { Direction, PolicyReference } from "../policy-ir.ts"
import type { ClassKey, PolicyClass, Program } from "../program.ts"
import type { ClassChain, ClassPieces } from "./class-pieces.ts"
import { createRendering, piecesOf } from "./node-pieces.ts"
import type { RulesetOptions } from "./options.ts"
import { distinct, policiesOf } from "./policy-references.ts"

export interface ExplainedName {
  readonly kind: "class" | "port" | "deny" | "log" | "ports" | "ranges" | "peers" | "named"
  /** Both for a set that classes of both directions name. */
  readonly directions: readonly Direction[]
  /** Whose rules it is about: of a deny chain, the policies that deny. */
  readonly policies: readonly PolicyReference[]
  /** Of a deny chain: whether a rule says so, or the isolation of the pod. */
  readonly by?: "rule" | "isolation" | "limit"
  /** Of a deny chain: what it counts is let through. */
  readonly observed?: boolean
  /** Of a set of peers: the pods that it holds, as the canonical text of their selectors. */
  readonly selects?: string
  /** "namespace/name" of the pods on this node that it concerns, sorted. */
  readonly pods: readonly string[]
}

/**
 * By name of chain, map or set; of a Log rule by the end of its log prefix ("postern:log:<direction>:<hash>"), as
 * "log_<hash>". A name that several classes share is explained by all of them.
 */
export function explainNames(
  program: Program,
  node: string,
  options: RulesetOptions,
): ReadonlyMap<string, ExplainedName> {
  const rendering = createRendering(program, options)
  const names = new Map<string, ExplainedName>()
  for (const [key, pods] of podsByClass(program, node)) {
    const pieces = piecesOf(rendering, program.policyClass(key))
    if (pieces === undefined) continue
    for (const [name, explained] of explainPieces(pieces, [...pods].sort())) {
      names.set(name, united(names.get(name), explained))
    }
  }
  return new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function podsByClass(program: Program, node: string): ReadonlyMap<ClassKey, ReadonlySet<string>> {
  const pods = new Map<ClassKey, Set<string>>()
  const known = program.nodes.get(node)
  for (const { pod, ingress, egress } of [...(known?.endpoints() ?? []), ...(known?.pending() ?? [])]) {
    for (const key of [ingress, egress]) {
      const others = pods.get(key)
      if (others === undefined) pods.set(key, new Set([pod]))
      else others.add(pod)
    }
  }
  return pods
}

function explainPieces(
  pieces: ClassPieces,
  pods: readonly string[],
): readonly (readonly [string, ExplainedName])[] {
  const { policyClass, chains, maps, ranges, members, logs } = pieces
  const about = { directions: [policyClass.direction], policies: policiesOf(policyClass), pods }
  return [
    ...[...chains].map(([name, chain]) => [name, { ...about, ...explainChain(chain, policyClass) }] as const),
    ...[...maps.keys()].map((name) => [name, { ...about, kind: "ports" }] as const),
    ...[...ranges.keys()].map((name) => [name, { ...about, kind: "ranges" }] as const),
    ...[...members].map(([name, { kind, key }]) => {
      return [name, { ...about, kind: kind === "named" ? "named" : "peers", selects: key }] as const
    }),
    ...[...logs].map(([hash, policies]) => [`log_${hash}`, { ...about, kind: "log", policies }] as const),
  ]
}

function explainChain(
  { about }: ClassChain,
  { observed }: PolicyClass,
): Pick<ExplainedName, "kind"> & Partial<ExplainedName> {
  return about.kind === "deny"
    ? { kind: "deny", policies: about.policies, by: about.by, observed }
    : { kind: about.kind }
}

function united(known: ExplainedName | undefined, more: ExplainedName): ExplainedName {
  if (known === undefined) return more
  const pods = [...new Set([...known.pods, ...more.pods])].sort()
  const directions = [...new Set([...known.directions, ...more.directions])].sort()
  return { ...known, directions, pods, policies: distinct([...known.policies, ...more.policies]) }
}
