import * as fc from "fast-check"
import { expect, test } from "vitest"
import { createFake } from "../src/fake.ts"
import { normalize } from "../src/normalize.ts"
import { toJson } from "../src/parse.ts"
import { splitAdd } from "../src/split.ts"
import { add, chain, elements, equals, goto, map, rule, set, source, table } from "./commands.ts"

const many = (count: number) => Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`)

test("what fits stays one transaction", () => {
  const transaction = add(table, set("s"), elements("s", ...many(100)))
  expect(splitAdd(transaction)).toEqual([transaction])
})

test("nothing is no transaction", () => {
  expect(splitAdd([])).toEqual([])
})

test("pieces of at most the size, accepted one after the other, that make the same", {
  timeout: 180_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 500, max: 5000 }),
      async (count, bytes) => {
        const addresses = many(count)
        const transaction = add(
          table,
          chain("c"),
          set("s"),
          map("m"),
          ...(count === 0
            ? []
            : [
                elements("s", ...addresses),
                elements("m", ...addresses.map((each) => [each, goto("c")] as const)),
              ]),
          rule("c", [equals(source, "@s")]),
        )
        const pieces = splitAdd(transaction, bytes)
        expect(Math.max(...pieces.map((piece) => toJson(piece).length))).toBeLessThanOrEqual(bytes)
        const [whole, inPieces] = [createFake(), createFake()]
        await whole.run(transaction)
        for (const piece of pieces) await inPieces.run(piece)
        expect(normalize(await inPieces.list())).toEqual(normalize(await whole.list()))
      },
    ),
    { numRuns: 30 },
  )
})

test("100,000 elements go in pieces that a user namespace takes", () => {
  const pieces = splitAdd(add(table, set("s"), elements("s", ...many(65_536))))
  const elementsIn = pieces.map((piece) =>
    piece.reduce(
      (sum, command) =>
        sum + ("add" in command && "element" in command.add ? command.add.element.elem.length : 0),
      0,
    ),
  )
  expect(Math.max(...elementsIn)).toBeLessThan(12_000 * 1.3)
  expect(elementsIn.reduce((sum, each) => sum + each, 0)).toBe(65_536)
})
