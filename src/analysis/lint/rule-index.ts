// The rules of some policies, and which of them may cover another rule, or hold the same pods today.
//
// Each of hundreds of policies may have hundreds of rules: to try every rule on every other is minutes of work.

import type { Peers, PodExpression, Rule } from "../../compile/policy-ir.ts"
import type { PolicyRecord } from "../cluster-view.ts"
import { filedPeers, filedPorts, soughtPeers, soughtPorts } from "./covering-tokens.ts"
import { once } from "./once.ts"

export interface PlacedRule {
  readonly record: PolicyRecord
  readonly rule: Rule
  /** Among the rules of its policy and direction. */
  readonly index: number
}

export interface RuleIndex {
  /** In order: all that cover it, and others. */
  readonly mayCover: (special: Rule) => readonly PlacedRule[]
  /** In order: all whose peers hold the same pods as these, and others. */
  readonly mayHoldSame: (expressions: readonly PodExpression[]) => readonly PlacedRule[]
}

/** Equal for expressions that hold the same pods today. */
export type Mark = (expressions: readonly PodExpression[]) => number

/** The first `paysAfter` questions of each kind are answered with all rules. */
export function indexRules(placed: readonly PlacedRule[], mark: Mark, paysAfter: number): RuleIndex {
  const peers = once(() => peerFile(placed))
  const ports = once(() => fileOf(placed.map(({ rule }) => filedPorts(rule.ports))))
  const marks = once(() => Map.groupBy(placed, ({ rule }) => markOf(rule.peers, mark)))
  const asked = { covers: 0, same: 0 }
  return {
    mayCover: (special) => {
      if (asked.covers++ < paysAfter) return placed
      const found = fewer(
        soughtIn(peers(), soughtPeers(special.peers)),
        soughtIn(ports(), soughtPorts(special.ports)),
      )
      return found === undefined ? placed : inOrder(found, placed)
    },
    mayHoldSame: (expressions) =>
      asked.same++ < paysAfter ? placed : (marks().get(mark(expressions)) ?? []),
  }
}

function markOf(peers: Peers, mark: Mark): number | undefined {
  return peers.kind === "any" ? undefined : mark(peers.pods)
}

type File = ReadonlyMap<string, readonly number[]>
type Found = readonly (readonly number[])[]

function soughtIn(file: File, words: readonly string[] | undefined): Found | undefined {
  return words?.flatMap((word) => {
    const positions = file.get(word)
    return positions === undefined ? [] : [positions]
  })
}

function fewer(a: Found | undefined, b: Found | undefined): Found | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return countOf(a) <= countOf(b) ? a : b
}

function countOf(found: Found): number {
  return found.reduce((sum, positions) => sum + positions.length, 0)
}

function inOrder(found: Found, placed: readonly PlacedRule[]): readonly PlacedRule[] {
  const [only = []] = found
  const positions = found.length <= 1 ? only : [...new Set(found.flat())].sort((a, b) => a - b)
  return positions.flatMap((position) => placed[position] ?? [])
}

function fileOf(words: readonly (readonly string[])[]): File {
  const file = new Map<string, number[]>()
  for (const [position, each] of words.entries()) {
    for (const word of new Set(each)) {
      const positions = file.get(word)
      if (positions === undefined) file.set(word, [position])
      else positions.push(position)
    }
  }
  return file
}

/** Each expression under the requirement that the fewest others have. */
function peerFile(placed: readonly PlacedRule[]): File {
  const parts = placed.map(({ rule }) => filedPeers(rule.peers))
  const counts = new Map<string, number>()
  for (const word of parts.flat(3)) counts.set(word, (counts.get(word) ?? 0) + 1)
  const commonness = (words: readonly string[]): number =>
    words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0)
  return fileOf(parts.map((each) => each.flatMap((choices) => rarest(choices, commonness))))
}

function rarest(
  choices: readonly (readonly string[])[],
  commonness: (words: readonly string[]) => number,
): readonly string[] {
  const [first = [], ...others] = choices
  let best = first
  for (const each of others) if (commonness(each) < commonness(best)) best = each
  return best
}
