// The tries of a cluster as a matrix: a row for each source, a column for each port that somebody serves.

import { portText } from "../../explain/words.ts"
import type { CellCount, Matrix } from "../matrix.ts"
import type { Tried } from "./trial.ts"
import type { Column, Try } from "./tries.ts"

/** As many columns as fit beside each other; more make another matrix below. */
const columnsAtOnce = 10

export function matricesOf(columns: readonly Column[], tried: readonly Tried<Try>[]): readonly Matrix[] {
  const cells = countCells(tried)
  const labels = [...new Set(tried.map((each) => each.row))]
  const parts = Math.ceil(columns.length / columnsAtOnce)
  const size = Math.ceil(columns.length / Math.max(1, parts))
  return Array.from({ length: parts }, (_, part) => {
    const some = columns.slice(part * size, (part + 1) * size)
    return {
      columns: some.map(
        ({ site, port }) => [site.pod?.name ?? site.label, shortPort(portText(port))] as const,
      ),
      rows: labels.map((label) => {
        return { label, cells: some.map(({ key }) => cells.get(cellKey(label, key)) ?? null) }
      }),
    }
  })
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
