// Peers and ports of one rule that a neighbour in the same list covers.

import { fieldPathText } from "../../api/diagnostic.ts"
import type { OutlinedPeer, OutlinedPort } from "../../kinds/policy-outline.ts"
import { coversBlocks, coversName, coversPods, coversRange } from "./covers.ts"
import type { LintRule } from "./rule.ts"

export const lintParts: LintRule = ({ outline, report }, { expired }) => {
  for (const { peers, ports } of outline.rules) {
    if (expired()) return
    for (const { path, other } of covered(peers, coversPeer)) {
      report("duplicatePart", { part: "peer", other: fieldPathText(other.path) }, path)
    }
    for (const { path, other } of covered(ports, coversPort)) {
      report("duplicatePart", { part: "port", other: fieldPathText(other.path) }, path)
    }
  }
}

/** Each with each other. */
const COMPARED = 100

interface Covered<T> {
  readonly path: OutlinedPort["path"]
  readonly other: T
}

/** Of two that are equal, the second. */
function covered<T extends OutlinedPeer | OutlinedPort>(
  parts: readonly T[],
  covers: (general: T, special: T) => boolean,
): readonly Covered<T>[] {
  const compared = parts.slice(0, COMPARED)
  return compared.flatMap((special, i) => {
    const other = compared.find(
      (general, j) => i !== j && covers(general, special) && (j < i || !covers(special, general)),
    )
    return other === undefined ? [] : [{ path: special.path, other }]
  })
}

function coversPeer(general: OutlinedPeer, special: OutlinedPeer): boolean {
  if (general.kind === "pods") return special.kind === "pods" && coversPods(general.pods, special.pods)
  return special.kind === "block" && coversBlocks([general.block], [special.block])
}

function coversPort({ port: general }: OutlinedPort, { port: special }: OutlinedPort): boolean {
  if ("name" in special) {
    const parts = "name" in general ? { ranges: [], names: [general] } : { ranges: [general], names: [] }
    return coversName(parts, special)
  }
  return !("name" in general) && coversRange([general], special)
}
