// The connectivity matrix, drawn: source by destination, one sign a cell.

import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import { centred, cut, padded } from "./text-layout.ts"

/** What was tried between a source and a destination: over several families, and through a Service. */
export interface CellCount {
  readonly allowed: number
  readonly denied: number
  /** Tries whose outcome was not the expected one. */
  readonly mismatched: number
}

interface MatrixRow {
  readonly label: string
  /** One a column; null where nothing was tried. */
  readonly cells: readonly (CellCount | null)[]
}

/** Columns under one name: a destination and its ports. */
interface MatrixGroup {
  readonly name: string
  readonly ports: readonly string[]
}

export interface Matrix {
  readonly groups: readonly MatrixGroup[]
  readonly rows: readonly MatrixRow[]
}

const labelWidths = { least: 11, most: 26 }
const narrowestColumn = 5

/** Groups that do not fit beside each other are drawn below. */
export function drawMatrix({ groups, rows }: Matrix, { palette, columns }: Screen): readonly string[] {
  const { least, most } = labelWidths
  const labelWidth = Math.min(most, Math.max(least, ...rows.map((row) => row.label.length)))
  const parts = partsOf(groups.map(sizedGroup), columns - labelWidth - 6)
  return parts.flatMap((part) => drawPart(part, { rows, labelWidth, palette }))
}

interface SizedGroup {
  readonly name: string
  readonly columns: readonly { readonly port: string; readonly width: number }[]
  readonly width: number
  /** Place of its first column among all. */
  readonly start: number
}

function sizedGroup({ name, ports }: MatrixGroup, index: number, all: readonly MatrixGroup[]): SizedGroup {
  const natural = ports.map((port) => Math.max(narrowestColumn, port.length + 2))
  const missing = Math.max(0, name.length + 1 - sum(natural))
  const columns = ports.map((port, place) => {
    const share = Math.floor(missing / ports.length) + (place < missing % ports.length ? 1 : 0)
    return { port, width: (natural[place] ?? 0) + share }
  })
  const start = sum(all.slice(0, index).map((each) => each.ports.length))
  return { name, columns, width: sum(columns.map((column) => column.width)), start }
}

function partsOf(groups: readonly SizedGroup[], room: number): readonly (readonly SizedGroup[])[] {
  const parts: SizedGroup[][] = []
  let used = room
  for (const group of groups) {
    if (used + group.width > room) {
      parts.push([])
      used = 0
    }
    parts.at(-1)?.push(group)
    used += group.width
  }
  return parts
}

interface Drawing {
  readonly rows: readonly MatrixRow[]
  readonly labelWidth: number
  readonly palette: Palette
}

function drawPart(groups: readonly SizedGroup[], { rows, labelWidth, palette }: Drawing): readonly string[] {
  const columns = groups.flatMap((group) => group.columns)
  const rule = (left: string, middle: string, right: string) =>
    palette.dim(
      `${left}${"─".repeat(labelWidth + 2)}${middle}${"─".repeat(sum(columns.map((each) => each.width)) + 1)}${right}`,
    )
  const bar = palette.dim("│")
  const line = (label: string, texts: readonly string[]) =>
    `${bar} ${padded(label, labelWidth)} ${bar}${texts.join("")} ${bar}`
  const cellsOf = ({ cells }: MatrixRow) =>
    groups.flatMap((group) =>
      group.columns.map((column, place) =>
        centred(sign(cells[group.start + place] ?? null, palette), column.width),
      ),
    )
  return [
    rule("╭", "┬", "╮"),
    line(
      palette.dim("from ╲ to"),
      groups.map((group) => centred(palette.bold(group.name), group.width)),
    ),
    line(
      "",
      columns.map((column) => centred(palette.dim(column.port), column.width)),
    ),
    rule("├", "┼", "┤"),
    ...rows.map((row) => line(cut(row.label, labelWidth), cellsOf(row))),
    rule("╰", "┴", "╯"),
  ]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
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
