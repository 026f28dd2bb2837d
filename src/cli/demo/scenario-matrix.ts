// The tries of a cluster as a matrix: a row for each source, a column for each port that somebody serves.

import type { CellCount, Matrix } from "../matrix.ts"
import type { Tried } from "./trial.ts"
import type { Column, Try } from "./tries.ts"

export function matrixOf(columns: readonly Column[], tried: readonly Tried<Try>[]): Matrix {
  const cells = countCells(tried)
  const labels = [...new Set(tried.map((each) => each.row))]
  const groups = [...Map.groupBy(columns, ({ site }) => site)].map(([site, some]) => {
    return { name: site.pod?.name ?? site.label, ports: some.map((column) => shortPort(column.portText)) }
  })
  return {
    groups,
    rows: labels.map((label) => {
      return { label, cells: columns.map(({ key }) => cells.get(cellKey(label, key)) ?? null) }
    }),
  }
}

/** TCP goes without saying. */
function shortPort(text: string): string {
  return text.replace(/\/TCP$/, "")
}

function countCells(tried: readonly Tried<Try>[]): ReadonlyMap<string, CellCount> {
  const cells = new Map<string, CellCount>()
  for (const { row, column, result, isExpected } of tried) {
    if (column === null) continue
    const key = cellKey(row, column)
    const { allowed, denied, mismatched } = cells.get(key) ?? { allowed: 0, denied: 0, mismatched: 0 }
    cells.set(key, {
      allowed: allowed + (result.verdict === "allowed" ? 1 : 0),
      denied: denied + (result.verdict === "denied" ? 1 : 0),
      mismatched: mismatched + (isExpected ? 0 : 1),
    })
  }
  return cells
}

function cellKey(row: string, column: string): string {
  return `${row}\n${column}`
}
