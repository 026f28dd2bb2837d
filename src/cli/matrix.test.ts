import { describe, expect, test } from "vitest"
import { drawLegend, drawMatrix, type Matrix } from "./matrix.ts"
import { palette } from "./palette.ts"
import { width } from "./text-layout.ts"

const plain = palette(false)
const coloured = palette(true)

const cell = (allowed: number, denied: number, mismatched = 0) => ({ allowed, denied, mismatched })
const matrix: Matrix = {
  columns: [
    ["frontend", "8080"],
    ["a-very-long-name", "53/UDP"],
    ["outside", "443"],
  ],
  rows: [
    { label: "shop/frontend", cells: [cell(4, 0), cell(0, 4), null] },
    { label: "a-namespace-with-a-long-name/pod", cells: [cell(2, 2), cell(3, 0, 1), cell(0, 0, 1)] },
  ],
}

describe("the matrix", () => {
  test("is a box with a sign for each cell", () => {
    expect(drawMatrix(matrix, plain)).toStrictEqual([
      "╭────────────────────────────┬──────────────────────────────────╮",
      "│ from ╲ to                  │ frontend  a-very-lo…   outside   │",
      "│                            │   8080      53/UDP       443     │",
      "├────────────────────────────┼──────────────────────────────────┤",
      "│ shop/frontend              │     ●          ·                 │",
      "│ a-namespace-with-a-long-n… │     ◐         ▐✗▌        ▐✗▌     │",
      "╰────────────────────────────┴──────────────────────────────────╯",
    ])
  })

  test("has lines of one width, in colours too", () => {
    for (const paint of [plain, coloured]) {
      expect(new Set(drawMatrix(matrix, paint).map(width)).size).toBe(1)
    }
  })

  test("marks what is not as expected in red", () => {
    const lines = drawMatrix(matrix, coloured)
    expect(lines.filter((line) => line.includes("\u001b[31m▐✗▌\u001b[0m"))).toHaveLength(1)
  })

  test("explains the signs that occur, and no others", () => {
    expect(drawLegend(matrix, plain)).toBe(
      "● allowed   · denied   ◐ depends on family or Service   ▐✗▌ not as expected",
    )
    const allowed = { ...matrix, rows: [{ label: "a", cells: [cell(1, 0)] }] }
    expect(drawLegend(allowed, plain)).toBe("● allowed")
  })

  test("fits a hundred columns with eight destinations", () => {
    const columns = Array.from({ length: 8 }, () => ["destination", "8080"] as const)
    const lines = drawMatrix({ columns, rows: [{ label: "x".repeat(40), cells: [] }] }, plain)
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(100)
  })
})
