// The health of every node, as this replica knows it.

import type { NodeState } from "../node-state.ts"
import type { FindConcerned } from "./concerned-policies.ts"
import { healthAfter, type NodeHealth, troubleOf } from "./node-health.ts"

export interface NodeBoard {
  /** True where what is wrong with the node is something else now. */
  changed(state: NodeState, now: number): boolean
  /** Nodes whose trouble has changed with nothing but time. */
  passed(now: number): readonly string[]
  /** A node of which nobody has heard is lost from the first question on. */
  health(node: string, now: number): NodeHealth
  trouble(node: string, now: number, policy: ConcernedPolicy): string
  drop(node: string): void
}

export interface ConcernedPolicy {
  readonly key: string
  readonly mode: "enforce" | "observe"
}

export function createNodeBoard(concerned: FindConcerned): NodeBoard {
  const healths = new Map<string, NodeHealth>()
  const troubles = new Map<string, string>()

  const settle = (node: string, now: number): boolean => {
    const known = healths.get(node)
    const trouble = known === undefined ? "" : troubleOf(known, now)
    const isNew = trouble !== (troubles.get(node) ?? "")
    if (trouble === "") troubles.delete(node)
    else troubles.set(node, trouble)
    return isNew
  }
  const healthOf = (node: string, now: number): NodeHealth => {
    const known = healths.get(node)
    if (known !== undefined) return known
    const unknown = healthAfter(node, { before: undefined, state: undefined }, now)
    healths.set(node, unknown)
    return unknown
  }
  return {
    changed: (state, now) => {
      const { node } = state
      healths.set(node, healthAfter(node, { before: healths.get(node), state }, now))
      return settle(node, now)
    },
    passed: (now) =>
      [...healths.values()]
        .filter(({ lostSince, errorSince }) => lostSince > 0 || errorSince > 0)
        .map(({ node }) => node)
        .filter((node) => settle(node, now)),
    health: healthOf,
    trouble: (node, now, { key, mode }) => {
      const health = healthOf(node, now)
      const isConcerned = (object: string): boolean => concerned(node, object)?.has(key) !== false
      return troubleOf(concerning(health, isConcerned), now, mode)
    },
    drop: (node) => {
      healths.delete(node)
      troubles.delete(node)
    },
  }
}

/** Without what the kernel has refused of others. */
function concerning(health: NodeHealth, isConcerned: (object: string) => boolean): NodeHealth {
  const { state } = health
  if (state?.report === undefined || state.report.isolated.length === 0) return health
  const isolated = state.report.isolated.filter(({ object }) => isConcerned(object))
  const failedClosed = isolated.length === 0 ? [] : state.report.failedClosed
  return { ...health, state: { ...state, report: { ...state.report, isolated, failedClosed } } }
}
