// Policies in the order of evaluation.

import type { PolicyObject } from "../compile/snapshot.ts"
import type { Judge, JudgeOf, Likeness, Place } from "./judge.ts"

export interface RankedPolicy {
  readonly policy: PolicyObject
  readonly judge: Judge
  readonly place: Place
}

export function rankedPolicy(policy: PolicyObject, judgeOf: JudgeOf): RankedPolicy {
  const judge = judgeOf(policy)
  return { policy, judge, place: judge.place(policy) }
}

export function likenessOf({ policy, judge }: RankedPolicy): Likeness {
  return judge.likeness?.(policy) ?? { kind: "any" }
}

/** By (tier, priority, kind, namespace, name). */
export function comparePlaces(a: RankedPolicy, b: RankedPolicy): number {
  const [left, right] = [a.policy, b.policy]
  return (
    a.place.tier.order - b.place.tier.order ||
    a.place.priority - b.place.priority ||
    compareTexts(left.kind, right.kind) ||
    compareTexts(left.metadata.namespace, right.metadata.namespace) ||
    compareTexts(left.metadata.name, right.metadata.name)
  )
}

export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** A list that stays sorted; what comes in order, as lists of the API do, is only appended. */
export class RankedList {
  readonly #sorted: RankedPolicy[] = []

  get all(): readonly RankedPolicy[] {
    return this.#sorted
  }

  add(policy: RankedPolicy): void {
    this.#sorted.splice(this.#placeOf(policy), 0, policy)
  }

  remove(policy: RankedPolicy): void {
    const index = this.#placeOf(policy)
    if (this.#sorted[index] === policy) this.#sorted.splice(index, 1)
  }

  /** Of the first that does not stand before it. */
  #placeOf(policy: RankedPolicy): number {
    const last = this.#sorted.at(-1)
    if (last === undefined || comparePlaces(last, policy) < 0) return this.#sorted.length
    let [low, high] = [0, this.#sorted.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      const there = this.#sorted[middle]
      if (there !== undefined && comparePlaces(there, policy) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
