import { describe, expect, test } from "vitest"
import { drawLegend, drawMatrix, type Matrix } from "./matrix.ts"
import { palette } from "./palette.ts"
import { width } from "./text-layout.ts"

const plain = { palette: palette(false), columns: 100 }
const coloured = { palette: palette(true), columns: 100 }

const cell = (allowed: number, denied: number, mismatched = 0) => ({ allowed, denied, mismatched })
const matrix: Matrix = {
  groups: [
    { name: "frontend", ports: ["8080"] },
    { name: "dns", ports: ["53/UDP", "53"] },
    { name: "a-rather-long-name", ports: ["1", "2", "3"] },
  ],
  rows: [
    { label: "shop/frontend", cells: [cell(4, 0), cell(0, 4), null, cell(0, 2), cell(0, 2), cell(0, 2)] },
    {
      label: "a-namespace-with-a-long-name/pod",
      cells: [cell(2, 2), cell(3, 0, 1), cell(0, 1, 1), null, null, null],
    },
  ],
}

describe("the matrix", () => {
  test("is a box with a sign for each cell", () => {
    expect(drawMatrix(matrix, plain)).toStrictEqual([
      "╭────────────────────────────┬──────────────────────────────────────────╮",
      "│ from ╲ to                  │frontend      dns     a-rather-long-name  │",
      "│                            │  8080    53/UDP  53     1     2     3    │",
      "├────────────────────────────┼──────────────────────────────────────────┤",
      "│ shop/frontend              │    ●       ·            ·     ·     ·    │",
      "│ a-namespace-with-a-long-n… │    ◐      ▐✗▌    ▐✗▌                     │",
      "╰────────────────────────────┴──────────────────────────────────────────╯",
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
    expect(drawLegend(matrix, plain.palette)).toBe(
      "● allowed   · denied   ◐ depends on family or Service   ▐✗▌ not as expected",
    )
    const allowed = { ...matrix, rows: [{ label: "a", cells: [cell(1, 0)] }] }
    expect(drawLegend(allowed, plain.palette)).toBe("● allowed")
  })

  test.each([80, 100])("goes on below where the destinations do not fit into %i columns", (columns) => {
    const groups = Array.from({ length: 12 }, (_, index) => ({ name: `service-${index}`, ports: ["8080"] }))
    const cells = groups.map((_, index) => (index === 11 ? cell(0, 1) : cell(1, 0)))
    const lines = drawMatrix({ groups, rows: [{ label: "x".repeat(40), cells }] }, { ...plain, columns })
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns)
    expect(lines).toHaveLength((columns === 80 ? 3 : 2) * 6)
    expect(lines.join("").match(/●/g)).toHaveLength(11)
    expect(lines.at(-2)).toContain("·")
  })
})
