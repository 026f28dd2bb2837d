// Looks at all policies, again and again and a few at a time: what changes because pods do is found in passing.

import type { PolicyPhase } from "../../api/policy-status.ts"
import type { PolicyView } from "../../compile/policy-view.ts"

export interface PolicyRounds {
  /** A part of a round. True where it ends with this. */
  goOn(look: (view: PolicyView) => PolicyPhase): boolean
  /** Something has happened that may concern any policy. */
  hurry(): void
  /** Of the last whole round. */
  phases(): ReadonlyMap<PolicyPhase, number>
  readonly policies: number
}

/** Parts of a round, and of one that is urgent. */
const PARTS = 40
const QUICK_PARTS = 4
const FEWEST_A_PART = 50

export function createPolicyRounds(policies: () => Iterable<PolicyView>): PolicyRounds {
  let round: Iterator<PolicyView> | undefined
  let counts = new Map<PolicyPhase, number>()
  let phases: ReadonlyMap<PolicyPhase, number> = new Map()
  let policyCount = 0
  let quickRounds = 0

  const end = (): void => {
    round = undefined
    quickRounds = Math.max(0, quickRounds - 1)
    phases = counts
    policyCount = counts.values().reduce((sum, count) => sum + count, 0)
    counts = new Map()
  }
  return {
    goOn: (look) => {
      const parts = quickRounds > 0 ? QUICK_PARTS : PARTS
      round ??= policies()[Symbol.iterator]()
      for (let rest = Math.max(FEWEST_A_PART, Math.ceil(policyCount / parts)); rest > 0; rest--) {
        const next = round.next()
        if (next.done === true) {
          end()
          return true
        }
        const phase = look(next.value)
        counts.set(phase, (counts.get(phase) ?? 0) + 1)
      }
      return false
    },
    // The round that is under way may be past what has changed.
    hurry: () => {
      quickRounds = 2
    },
    phases: () => phases,
    get policies() {
      return policyCount
    },
  }
}
