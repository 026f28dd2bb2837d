// Policies that are too large to be analysed while others wait.
//
// The API server takes 1.5 MiB. Of what analysis does, reading a policy cannot be stopped in the middle: 20,000 values
// take some tenths of a second.

import type { Change } from "../src/compile/snapshot.ts"

const MOST_VALUES = 20_000

/** Why the changes are not analysed; "" where they are. */
export function sizeProblem(changes: readonly Change[]): string {
  let left = MOST_VALUES
  for (const change of changes) {
    if (change.kind === "policy" && change.op === "set") left = valuesLeft(change.value.spec, left)
    if (left < 0) return `the policy has more than ${MOST_VALUES.toLocaleString("en-US")} values`
  }
  return ""
}

/** Objects, lists, texts and numbers, all levels of them. */
export function hasMoreValues(tree: unknown, most: number): boolean {
  return valuesLeft(tree, most) < 0
}

/** Of `most`, without the values of a tree; negative where it has more. */
function valuesLeft(tree: unknown, most: number): number {
  let left = most
  const waiting: unknown[] = [tree]
  while (waiting.length > 0 && left >= 0) {
    const each = waiting.pop()
    left--
    if (typeof each === "object" && each !== null)
      for (const inner of Object.values(each)) waiting.push(inner)
  }
  return left
}
