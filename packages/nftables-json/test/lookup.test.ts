import * as fc from "fast-check"
import { expect, test } from "vitest"
import { dataType } from "../src/data-type.ts"
import { EvaluationError } from "../src/evaluation-error.ts"
import { buildLookup } from "../src/lookup.ts"
import type { Expression } from "../src/schema.ts"

const service = dataType("inet_service")

type Ends = readonly [number, number]

const ends: fc.Arbitrary<Ends> = fc
  .tuple(fc.nat(60), fc.nat(60))
  .map(([a, b]): Ends => (a < b ? [a, b] : [b, a]))

function asExpression([from, to]: Ends): Expression {
  return from === to ? from : { range: [from, to] }
}

test("a set of ranges, overlapping or not, holds what one of them holds", () => {
  fc.assert(
    fc.property(fc.array(ends), fc.nat(62), (ranges, value) => {
      const lookup = buildLookup(
        [service],
        ranges.map((range) => [asExpression(range), true] as const),
      )
      const expected = ranges.some(([from, to]) => from <= value && value <= to)
      expect(lookup(value) !== undefined).toBe(expected)
    }),
  )
})

test("a map of ranges yields the value of the one that holds the key, or refuses to be built", () => {
  fc.assert(
    fc.property(fc.array(ends, { maxLength: 5 }), fc.nat(62), (ranges, value) => {
      const rows = ranges.map((range, i) => [asExpression(range), i] as const)
      const holding = rows.filter((_, i) => isIn(value, ranges[i]))
      const isDisjoint = ranges.every((a, i) => ranges.every((b, k) => i === k || a[1] < b[0] || b[1] < a[0]))
      expect(outcome(() => buildLookup([service], rows)(value)?.data)).toBe(
        isDisjoint ? holding[0]?.[1] : "refused",
      )
    }),
  )
})

test("ranges inside concatenations hold when every part holds", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ends, ends)), fc.nat(62), fc.nat(62), (rows, a, b) => {
      const elements = rows.map(([x, y]) => [{ concat: [asExpression(x), asExpression(y)] }, true] as const)
      const lookup = buildLookup([service, service], elements)
      const expected = rows.some(([x, y]) => isIn(a, x) && isIn(b, y))
      expect(lookup([a, b]) !== undefined).toBe(expected)
    }),
  )
})

test("an element with too few components is an error", () => {
  expect(() => buildLookup([service, service], [[{ concat: [1] }, true]])).toThrow(EvaluationError)
})

function isIn(value: number, range: Ends | undefined): boolean {
  return range !== undefined && range[0] <= value && value <= range[1]
}

function outcome(run: () => number | undefined): number | undefined | "refused" {
  try {
    return run()
  } catch (error) {
    if (error instanceof EvaluationError) return "refused"
    throw error
  }
}
