import { describe, expect, test } from "vitest"
import { exampleLines } from "./demo/example-lines.ts"
import { palette } from "./palette.ts"
import { createProgress } from "./progress.ts"
import { screenOf } from "./screen.ts"
import { width } from "./text-layout.ts"

const columns: readonly { readonly terminal: number | undefined; readonly fitted: number }[] = [
  { terminal: undefined, fitted: 100 },
  { terminal: 0, fitted: 100 },
  { terminal: 40, fitted: 60 },
  { terminal: 80, fitted: 80 },
  { terminal: 100, fitted: 100 },
  { terminal: 240, fitted: 100 },
]

describe("lines are fitted into the terminal", () => {
  test.each(columns)("of $terminal columns: $fitted", ({ terminal, fitted }) => {
    const stream = terminal === undefined ? {} : { columns: terminal, isTTY: true }
    expect(screenOf(stream, {}).columns).toBe(fitted)
  })

  test.each([60, 80, 100])("a step stays on one line of %i columns", async (most) => {
    const written: string[] = []
    const stream = { isTTY: true, write: (text: string) => written.push(text) }
    const progress = createProgress(stream, { palette: palette(true), columns: most })
    await progress.step("examples", (say) => say("a detail that is longer than a line ".repeat(4)))
    expect(Math.max(...written.map((text) => width(text.trim())))).toBeLessThan(most)
  })

  test.each([60, 80, 100])("examples stand two abreast in %i columns", (most) => {
    const result = {
      scenario: { name: "a-name-that-is-longer-than-half-a-line-has-room-for" },
      tried: [],
      asserted: [],
    }
    const lines = exampleLines([result, result, result], { palette: palette(true), columns: most })
    expect(lines).toHaveLength(2)
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(most)
  })
})
