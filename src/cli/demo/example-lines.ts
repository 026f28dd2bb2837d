// Scenarios that are not drawn: a short entry each, in as many columns as fit.

import type { Palette } from "../palette.ts"
import { cut, padded } from "../text-layout.ts"
import { type Compared, mismatchesOf } from "./mismatches.ts"

const columns = 2
const nameWidth = 34
const countWidth = 9

export interface Example extends Compared {
  readonly scenario: { readonly name: string }
}

export function exampleLines(results: readonly Example[], palette: Palette): readonly string[] {
  const entries = results.map((result) => entry(result, palette))
  const height = Math.ceil(entries.length / columns)
  return Array.from({ length: height }, (_, row) =>
    `    ${Array.from({ length: columns }, (_, column) => entries[column * height + row] ?? "").join("   ")}`.trimEnd(),
  )
}

function entry(result: Example, palette: Palette): string {
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
