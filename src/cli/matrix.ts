// The connectivity matrix, drawn: source by destination, one sign a cell.

import type { Palette } from "./palette.ts"
import { centred, cut, padded } from "./text-layout.ts"

/** What was tried between a source and a destination: over several families, and through a Service. */
export interface CellCount {
  readonly allowed: number
  readonly denied: number
  /** Tries whose outcome was not the expected one. */
  readonly mismatched: number
}

export interface MatrixRow {
  readonly label: string
  /** One a column; null where nothing was tried. */
  readonly cells: readonly (CellCount | null)[]
}

export interface Matrix {
  /** Lines of each column's head, top to bottom. */
  readonly columns: readonly (readonly [name: string, port: string])[]
  readonly rows: readonly MatrixRow[]
}

const screenWidth = 100
const widestLabel = 26
const columnWidths = { least: 6, most: 11 }

export function drawMatrix(matrix: Matrix, palette: Palette): readonly string[] {
  const labelWidth = Math.min(widestLabel, Math.max(11, ...matrix.rows.map((row) => row.label.length)))
  const columnWidth = widthOfColumns(matrix.columns.length, screenWidth - labelWidth - 6)
  const bodyWidth = matrix.columns.length * columnWidth + 1
  const rule = (left: string, middle: string, right: string) =>
    palette.dim(`${left}${"─".repeat(labelWidth + 2)}${middle}${"─".repeat(bodyWidth)}${right}`)
  const bar = palette.dim("│")
  const line = (label: string, cells: readonly string[]) =>
    `${bar} ${padded(label, labelWidth)} ${bar}${cells.map((cell) => centred(cell, columnWidth)).join("")} ${bar}`
  const head = (index: 0 | 1) => matrix.columns.map((column) => cut(column[index], columnWidth - 1))
  return [
    rule("╭", "┬", "╮"),
    line(
      palette.dim("from ╲ to"),
      head(0).map((name) => palette.bold(name)),
    ),
    line(
      "",
      head(1).map((port) => palette.dim(port)),
    ),
    rule("├", "┼", "┤"),
    ...matrix.rows.map((row) =>
      line(
        cut(row.label, labelWidth),
        row.cells.map((cell) => sign(cell, palette)),
      ),
    ),
    rule("╰", "┴", "╯"),
  ]
}

function widthOfColumns(columns: number, room: number): number {
  const { least, most } = columnWidths
  return Math.max(least, Math.min(most, Math.floor(room / Math.max(1, columns))))
}

/** What the signs mean; those that do not occur are left out. */
export function drawLegend(matrix: Matrix, palette: Palette): string {
  const cells = matrix.rows.flatMap((row) => row.cells)
  const entries: readonly (readonly [CellCount, string])[] = [
    [{ allowed: 1, denied: 0, mismatched: 0 }, "allowed"],
    [{ allowed: 0, denied: 1, mismatched: 0 }, "denied"],
    [{ allowed: 1, denied: 1, mismatched: 0 }, "depends on family or Service"],
    [{ allowed: 0, denied: 0, mismatched: 1 }, "not as expected"],
  ]
  const seen = new Set(cells.map((cell) => sign(cell, palette)))
  return entries
    .filter(([cell]) => seen.has(sign(cell, palette)))
    .map(([cell, meaning]) => `${sign(cell, palette)} ${meaning}`)
    .join("   ")
}

function sign(cell: CellCount | null, palette: Palette): string {
  if (cell === null) return " "
  if (cell.mismatched > 0) return palette.bad("▐✗▌")
  if (cell.denied === 0) return palette.good("●")
  return cell.allowed === 0 ? palette.dim("·") : palette.warn("◐")
}
