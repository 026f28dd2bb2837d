import * as fc from "fast-check"
import { expect, test } from "vitest"
import { type Requirement, type Selector, selects } from "../selector.ts"
import type { Labels } from "../snapshot.ts"
import {
  addItem,
  createLabelledItems,
  isAnchored,
  removeItem,
  visitHeld,
  visitIndexed,
} from "./label-index.ts"
import {
  addSelector,
  createSelectorIndex,
  findSelector,
  removeSelector,
  visitHolding,
} from "./selector-index.ts"

const key = fc.constantFrom("a", "b", "c", "constructor")
const value = fc.constantFrom("x", "y", "z", "")
const labels: fc.Arbitrary<Labels> = fc.dictionary(key, value)
const selector: fc.Arbitrary<Selector> = fc.array(
  fc
    .tuple(
      fc.constantFrom<Requirement["op"]>("in", "not-in", "exists", "missing"),
      key,
      fc.uniqueArray(value),
    )
    .map(([op, key, values]): Requirement => {
      return op === "in" || op === "not-in" ? { op, key, values: new Set(values) } : { op, key }
    }),
  { maxLength: 3 },
)

/** Enough for an index to be worth it, and few again at the end. */
const MANY = { maxLength: 60, size: "max" } as const

test("labels find the selectors that hold them, each once, whichever came and went", () => {
  fc.assert(
    fc.property(fc.array(selector, MANY), fc.array(fc.nat(60)), fc.array(labels), (selectors, gone, all) => {
      const index = createSelectorIndex<number, { readonly key: number; readonly selector: Selector }>()
      const items = new Map(selectors.map((each, key) => [key, { key, selector: each }]))
      for (const item of items.values()) addSelector(index, item)
      for (const key of gone) {
        const item = items.get(key)
        if (item !== undefined) removeSelector(index, item)
        items.delete(key)
      }
      for (const key of [...items.keys(), ...gone]) expect(findSelector(index, key)).toBe(items.get(key))
      for (const each of all) {
        const found: number[] = []
        visitHolding(index, each, (item) => found.push(item.key))
        const expected = [...items.values()].filter((item) => selects(item.selector, each))
        expect(found.sort(ascending)).toEqual(expected.map((item) => item.key).sort(ascending))
      }
    }),
  )
})

test("a selector finds the labels that it holds, each once, whichever came and went", () => {
  fc.assert(
    fc.property(fc.array(labels, MANY), fc.array(fc.nat(60)), fc.array(selector), (all, gone, selectors) => {
      const within = createLabelledItems<number, { readonly key: number; readonly labels: Labels }>()
      const items = new Map(all.map((each, key) => [key, { key, labels: each }]))
      for (const item of items.values()) {
        addItem(within, item)
        if (item.key === 30) visitHeld(within, [], () => undefined)
      }
      for (const key of gone) {
        const item = items.get(key)
        if (item !== undefined) removeItem(within, item)
        items.delete(key)
      }
      for (const each of selectors) {
        const found: number[] = []
        visitHeld(within, each, (item) => found.push(item.key))
        const expected = [...items.values()].filter((item) => selects(each, item.labels))
        expect(found.sort(ascending)).toEqual(expected.map((item) => item.key).sort(ascending))
      }
    }),
  )
})

test("of several requirements the index follows the one that leaves fewest items", () => {
  const within = createLabelledItems<number, { readonly key: number; readonly labels: Labels }>()
  for (let key = 0; key < 100; key++) addItem(within, { key, labels: { tier: "web", pod: `p-${key}` } })
  visitHeld(within, [], () => undefined)
  const looked: number[] = []
  const counting = new Set(["p-7"])
  const narrow: Selector = [
    { op: "exists", key: "tier" },
    { op: "in", key: "pod", values: counting },
  ]
  counting.has = (value) => {
    looked.push(1)
    return value === "p-7"
  }
  expect(isAnchored(narrow)).toBe(true)
  const found: number[] = []
  if (within.index !== null) visitIndexed(within.index, narrow, (item) => found.push(item.key))
  expect(found).toEqual([7])
  expect(looked).toHaveLength(1)
})

function ascending(a: number, b: number): number {
  return a - b
}
