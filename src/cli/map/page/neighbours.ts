// Who reaches an end, and whom it reaches, by what may flow.

import type { PageData } from "../page-data.ts"

export interface Neighbours {
  readonly connections: string
  readonly observed: boolean
  /** Places of ends, in their order. */
  readonly ends: readonly number[]
}

export interface BothWays {
  readonly reachedBy: readonly Neighbours[]
  readonly reaches: readonly Neighbours[]
}

export type FindNeighbours = (end: number) => BothWays

export function neighbourFinder({ ends, texts, cells }: PageData): FindNeighbours {
  const members = new Map<number, number[]>()
  ends.forEach(({ group }, place) => {
    members.set(group, [...(members.get(group) ?? []), place])
  })
  return (end) => {
    const group = ends[end]?.group
    const collect = (own: 0 | 1, other: 0 | 1): readonly Neighbours[] => {
      const found = new Map<string, Neighbours>()
      for (const cell of cells) {
        if (cell[own] !== group) continue
        const [, , text, observed] = cell
        const key = `${text} ${observed}`
        const others = (members.get(cell[other]) ?? []).filter((place) => place !== end)
        if (others.length === 0) continue
        const connections = texts[text] ?? ""
        const before = found.get(key)?.ends ?? []
        found.set(key, { connections, observed: observed === 1, ends: [...before, ...others] })
      }
      return [...found.values()]
        .map((each) => ({ ...each, ends: each.ends.toSorted((a, b) => a - b) }))
        .toSorted((a, b) => a.ends.length - b.ends.length || (a.connections < b.connections ? -1 : 1))
    }
    return { reachedBy: collect(1, 0), reaches: collect(0, 1) }
  }
}
