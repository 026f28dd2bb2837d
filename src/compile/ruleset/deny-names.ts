// What the deny chains of a node stand for, for whoever counts what they denied.

import type { Direction } from "../policy-ir.ts"
import type { ClassKey, NodeProgram, Program } from "../program.ts"
import type { ClassPieces, Denial } from "./class-pieces.ts"
import { createRendering, piecesOf } from "./node-pieces.ts"
import type { RulesetOptions } from "./options.ts"

export interface DenyName extends Denial {
  readonly direction: Direction
  /** Of the pods on this node that are judged so, sorted. One, but where cluster-wide policies are all that a class has. */
  readonly namespaces: readonly string[]
  /** What it counts is let through. */
  readonly observed: boolean
}

/**
 * By name of chain. Costs a look at each pod of the node, and at each of its classes, which are known by then. A chain
 * of the agent's last report may be gone already.
 */
export function denyNames(
  program: Program,
  node: string,
  options: RulesetOptions,
): ReadonlyMap<string, DenyName> {
  const rendering = createRendering(program, options)
  const names = new Map<string, DenyName>()
  for (const [key, namespaces] of namespacesByClass(program.nodes.get(node))) {
    const pieces = piecesOf(rendering, program.policyClass(key))
    if (pieces === undefined) continue
    const { direction, observed } = pieces.policyClass
    const about = { direction, observed, namespaces: [...namespaces].sort() }
    for (const [name, denial] of denialsOf(pieces)) names.set(name, { ...denial, ...about })
  }
  return names
}

function namespacesByClass(node: NodeProgram | undefined): ReadonlyMap<ClassKey, ReadonlySet<string>> {
  const namespaces = new Map<ClassKey, Set<string>>()
  if (node === undefined) return namespaces
  const note = ({ pod, ingress, egress }: Judged): void => {
    const namespace = pod.slice(0, pod.indexOf("/"))
    for (const key of [ingress, egress]) {
      const known = namespaces.get(key)
      if (known === undefined) namespaces.set(key, new Set([namespace]))
      else known.add(namespace)
    }
  }
  for (const each of node.endpoints()) note(each)
  for (const each of node.pending()) note(each)
  return namespaces
}

interface Judged {
  /** "namespace/name". */
  readonly pod: string
  readonly ingress: ClassKey
  readonly egress: ClassKey
}

function denialsOf({ chains }: ClassPieces): readonly (readonly [string, Denial])[] {
  return [...chains].flatMap(([name, { about }]) =>
    about.kind === "deny" ? [[name, { by: about.by, policies: about.policies }] as const] : [],
  )
}
