// The change of one chain's rules: what both have in the same order stays, the rest is replaced in place.

import { hasAnonymousIntervals } from "./expression.ts"
import { ruleText } from "./normalize-rule.ts"
import type { Chain, Command, Rule } from "./schema.ts"

export interface RuleChanges {
  /** To be done before anything else is deleted. */
  readonly deletions: readonly Command[]
  /** To be done after everything else was added. */
  readonly additions: readonly Command[]
}

export interface ChainRules {
  readonly chain: Chain
  readonly current: readonly Rule[]
  readonly desired: readonly Rule[]
  /** Rules that have to be written again although they stay the same: they refer to an object that is replaced. */
  readonly isStale: (rule: Rule) => boolean
  /** False where deletion and addition have to be apart. */
  readonly canReplace: boolean
}

/**
 * Rules are found by the handles of `current`, which have to be those of the kernel. Where a handle that
 * is needed is missing the chain is emptied and filled again.
 */
export function diffRules(rules: ChainRules): RuleChanges {
  const { current, desired, isStale } = rules
  const kept = commonRules(
    current.map((rule) => (isStale(rule) ? undefined : ruleText(rule))),
    desired.map(ruleText),
  )
  const changes: OpenChanges = { deletions: [], additions: [] }
  let [i, j] = [0, 0]
  for (const [keptCurrent, keptDesired] of [...kept, [current.length, desired.length] as const]) {
    const gone = current.slice(i, keptCurrent)
    const come = desired.slice(j, keptDesired)
    const next = current[keptCurrent]
    if (!writeHunk(rules, { gone, come, next }, changes)) return rewriteChain(rules)
    ;[i, j] = [keptCurrent + 1, keptDesired + 1]
  }
  return changes
}

interface OpenChanges {
  readonly deletions: Command[]
  readonly additions: Command[]
}

interface Hunk {
  readonly gone: readonly Rule[]
  readonly come: readonly Rule[]
  /** The rule that stays behind the hunk. */
  readonly next: Rule | undefined
}

/** False where a handle is missing. Positions are always taken from rules that stay: a replaced rule's handle is gone. */
function writeHunk({ canReplace }: ChainRules, { gone, come, next }: Hunk, changes: OpenChanges): boolean {
  const isReplaceable = canReplace && !come.some((rule) => hasAnonymousIntervals(rule.expr))
  const pairs = isReplaceable ? Math.min(gone.length, come.length) : 0
  for (const [i, rule] of gone.entries()) {
    if (rule.handle === undefined) return false
    const successor = i < pairs ? come[i] : undefined
    if (successor === undefined) changes.deletions.push({ delete: { rule: bare(rule) } })
    else changes.additions.push({ replace: { rule: { ...successor, handle: rule.handle } } })
  }
  for (const rule of come.slice(pairs)) {
    const { handle: _handle, index: _index, ...added } = rule
    if (next === undefined) changes.additions.push({ add: { rule: added } })
    else if (next.handle === undefined) return false
    else changes.additions.push({ insert: { rule: { ...added, handle: next.handle } } })
  }
  return true
}

/** What names a rule to be deleted; nft wants `expr` to be there. */
function bare({ family, table, chain, handle }: Rule): Rule {
  return { family, table, chain, ...(handle === undefined ? {} : { handle }), expr: [] }
}

function rewriteChain({ chain, desired }: ChainRules): RuleChanges {
  const { family, table, name } = chain
  return {
    deletions: [{ flush: { chain: { family, table, name } } }],
    additions: desired.map(({ handle: _handle, index: _index, ...rule }): Command => ({ add: { rule } })),
  }
}

/** Positions in both of a longest common subsequence. */
function commonRules(
  current: readonly (string | undefined)[],
  desired: readonly string[],
): readonly (readonly [number, number])[] {
  const shorter = Math.min(current.length, desired.length)
  let head = 0
  while (head < shorter && current[head] === desired[head]) head++
  let tail = 0
  while (tail < shorter - head && current.at(-1 - tail) === desired.at(-1 - tail)) tail++
  const middle = commonMiddle(
    current.slice(head, current.length - tail),
    desired.slice(head, desired.length - tail),
  )
  const pairs: (readonly [number, number])[] = []
  for (let i = 0; i < head; i++) pairs.push([i, i])
  for (const [i, j] of middle) pairs.push([head + i, head + j])
  for (let i = tail; i > 0; i--) pairs.push([current.length - i, desired.length - i])
  return pairs
}

/** By table; beyond 4 million cells nothing is common, which is correct, only not the smallest. */
function commonMiddle(
  current: readonly (string | undefined)[],
  desired: readonly string[],
): readonly (readonly [number, number])[] {
  const width = desired.length + 1
  if (current.length * desired.length > LARGEST_TABLE) return []
  const lengths = new Uint32Array((current.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = current.length - 1; i >= 0; i--) {
    for (let j = desired.length - 1; j >= 0; j--) {
      const isSame = current[i] === desired[j]
      lengths[i * width + j] = isSame ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const pairs: (readonly [number, number])[] = []
  let [i, j] = [0, 0]
  while (i < current.length && j < desired.length) {
    if (current[i] === desired[j]) pairs.push([i++, j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return pairs
}

const LARGEST_TABLE = 4_000_000
