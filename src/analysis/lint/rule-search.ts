// Rules among policies, for all policies that are looked at together: what one needs the next one needs, too.

import type { Direction, PodExpression, PolicyIr, Rule } from "../../compile/policy-ir.ts"
import type { ClusterView, PolicyRecord } from "../cluster-view.ts"
import { indexRules, type RuleIndex } from "./rule-index.ts"

export interface RuleSearch {
  /** Of each policy so many as are compared, in order. */
  readonly among: (records: readonly PolicyRecord[], direction: Direction) => RuleIndex
  /** Whether expressions hold the same pods today. */
  readonly holdSame: (a: readonly PodExpression[], b: readonly PodExpression[]) => boolean
}

/** To make an index costs as much as so many questions without one. */
const PAYS_AFTER = 16

/** So many rules of one policy and direction are compared. */
export const MOST_RULES = 500

export function rulesOf(ir: PolicyIr, direction: Direction): readonly Rule[] {
  const rules = ir[direction]?.rules ?? []
  return rules.length > MOST_RULES ? rules.slice(0, MOST_RULES) : rules
}

/** `paysAfter`: so many questions are answered with every rule, before an index is made. */
export function createRuleSearch(view: ClusterView, paysAfter = PAYS_AFTER): RuleSearch {
  const indexes = new Map<string, RuleIndex>()
  const mark = markIn(view)
  return {
    among: (records, direction) => {
      // No key of a policy has a line break in it.
      const key = [direction, ...records.map((each) => each.key)].join("\n")
      const known = indexes.get(key)
      if (known !== undefined) return known
      const placed = records.flatMap((record) =>
        rulesOf(record.ir, direction).map((rule, index) => ({ record, rule, index })),
      )
      const index = indexRules(placed, mark, paysAfter)
      indexes.set(key, index)
      return index
    },
    // Marks may be equal by chance.
    holdSame: (a, b) => mark(a) === mark(b) && isSame(membersOf(a, view), membersOf(b, view)),
  }
}

/** The sum of a number for each identity that they hold: the sets themselves would be as large as policies times pods. */
function markIn(view: ClusterView): (expressions: readonly PodExpression[]) => number {
  const marks = new WeakMap<readonly PodExpression[], number>()
  const numbers = new Map<string, number>()
  const numberOf = (key: string): number => {
    const known = numbers.get(key)
    if (known !== undefined) return known
    const number = mixed(numbers.size + 1)
    numbers.set(key, number)
    return number
  }
  return (expressions) => {
    const known = marks.get(expressions)
    if (known !== undefined) return known
    let sum = 0
    for (const key of membersOf(expressions, view)) sum += numberOf(key)
    marks.set(expressions, sum)
    return sum
  }
}

/** No multiple of its number, or sums would be equal wherever numbers add up alike (finalizer of MurmurHash3). */
function mixed(number: number): number {
  let bits = number
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function membersOf(expressions: readonly PodExpression[], view: ClusterView): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const each of expressions) for (const { key } of view.held(each)) keys.add(key)
  return keys
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b)
}
