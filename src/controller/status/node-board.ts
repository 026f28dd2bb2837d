// The health of every node, as this replica knows it.

import type { NodeState } from "../node-state.ts"
import { healthAfter, type NodeHealth, troubleOf } from "./node-health.ts"

export interface NodeBoard {
  /** True where what is wrong with the node is something else now. */
  changed(state: NodeState, now: number): boolean
  /** Nodes whose trouble has changed with nothing but time. */
  passed(now: number): readonly string[]
  /** A node of which nobody has heard is lost from the first question on. */
  health(node: string, now: number): NodeHealth
  trouble(node: string, now: number, mode: "enforce" | "observe"): string
  drop(node: string): void
}

export function createNodeBoard(): NodeBoard {
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
    trouble: (node, now, mode) => troubleOf(healthOf(node, now), now, mode),
    drop: (node) => {
      healths.delete(node)
      troubles.delete(node)
    },
  }
}
