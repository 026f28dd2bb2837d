// The rules that a policy's own stand beside: of other policies for the same pods, or for these and more.

import type { Direction, PodExpression, PolicyIr, Rule } from "../../compile/policy-ir.ts"
import type { PolicyRecord } from "../cluster-view.ts"
import type { LintCluster } from "./cluster.ts"
import { coversPods } from "./covers.ts"
import { once } from "./once.ts"
import type { PlacedRule, RuleIndex } from "./rule-index.ts"

export interface WiderRules {
  /** Of the same tier, with the same subject or a wider one, in order. */
  readonly wider: readonly PolicyRecord[]
  /** Of their rules, in order, all that cover one, and others. */
  readonly mayCover: (special: Rule, direction: Direction) => readonly PlacedRule[]
  /** Of their rules, in order, all whose peers hold the same pods, and others. */
  readonly mayHoldSame: (expressions: readonly PodExpression[], direction: Direction) => readonly PlacedRule[]
}

export interface Neighbourhood {
  readonly record: PolicyRecord
  /** In order, with or without the policy itself: policies for the same pods share what is made of it. */
  readonly near: readonly PolicyRecord[]
  /** Those of them that are compared. */
  readonly others: readonly PolicyRecord[]
}

export function widerRules({ record, near, others }: Neighbourhood, { rules }: LintCluster): WiderRules {
  const wider = others.filter((other) => coversPods(other.ir.subject, record.ir.subject))
  const ranks = new Map(wider.map((each, rank) => [each, rank]))
  const groups = [...Map.groupBy(near, ({ ir }) => subjectText(ir)).values()].filter((group) =>
    group.some((each) => ranks.has(each)),
  )
  const indexesOf = (direction: Direction) => once(() => groups.map((group) => rules.among(group, direction)))
  const indexes = { ingress: indexesOf("ingress"), egress: indexesOf("egress") }
  const ask = (direction: Direction, question: (index: RuleIndex) => readonly PlacedRule[]) => {
    const found = indexes[direction]().flatMap((index) =>
      question(index).filter((each) => ranks.has(each.record)),
    )
    if (groups.length <= 1) return found
    const rankOf = (each: PlacedRule): number => ranks.get(each.record) ?? 0
    return found.sort((a, b) => rankOf(a) - rankOf(b))
  }
  return {
    wider,
    mayCover: (special, direction) => ask(direction, (index) => index.mayCover(special)),
    mayHoldSame: (expressions, direction) => ask(direction, (index) => index.mayHoldSame(expressions)),
  }
}

const texts = new WeakMap<PolicyIr, string>()

function subjectText(ir: PolicyIr): string {
  const known = texts.get(ir)
  if (known !== undefined) return known
  const text = irText(ir.subject)
  texts.set(ir, text)
  return text
}

/** Equal for parts of policies that say the same; where they came from is left out. */
export function irText(part: unknown): string {
  return JSON.stringify(part, (key, value: unknown) => {
    if (key === "origin") return undefined
    return value instanceof Set ? [...value].map(String).toSorted(byText) : value
  })
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}
