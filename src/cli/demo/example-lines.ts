// Scenarios that are not drawn: a short entry each, in as many columns as fit.

import type { Palette } from "../palette.ts"
import type { Screen } from "../screen.ts"
import { cut, padded } from "../text-layout.ts"
import { type Compared, mismatchesOf } from "./mismatches.ts"

const perLine = 2
const indent = 4
const gap = 3
const markWidth = 2
const countWidth = 9

export interface Example extends Compared {
  readonly scenario: { readonly name: string }
}

export function exampleLines(results: readonly Example[], { palette, columns }: Screen): readonly string[] {
  const entryWidth = Math.floor((columns - indent - gap * (perLine - 1)) / perLine)
  const nameWidth = entryWidth - markWidth - countWidth
  const entries = results.map((result) => entry(result, nameWidth, palette))
  const height = Math.ceil(entries.length / perLine)
  return Array.from({ length: height }, (_, row) =>
    `${" ".repeat(indent)}${Array.from({ length: perLine }, (_, column) => entries[column * height + row] ?? "").join(" ".repeat(gap))}`.trimEnd(),
  )
}

function entry(result: Example, nameWidth: number, palette: Palette): string {
  const wrong = mismatchesOf(result).length
  const all = result.tried.length + result.asserted.length
  const name = padded(cut(result.scenario.name, nameWidth), nameWidth)
  const counted = `${(all - wrong).toLocaleString("en-US")}/${all.toLocaleString("en-US")}`.padStart(
    countWidth,
  )
  return wrong === 0
    ? `${palette.good("✓")} ${name}${palette.dim(counted)}`
    : palette.bad(`✗ ${name}${counted}`)
}
