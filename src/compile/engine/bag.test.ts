import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  type Bag,
  type ByKey,
  findKey,
  hasItem,
  itemsOf,
  sizeOf,
  visitItems,
  withItem,
  withKey,
  withoutItem,
  withoutKey,
} from "./bag.ts"
import { put, take } from "./positioned-list.ts"

interface Item {
  readonly key: number
}

const items: readonly Item[] = Array.from({ length: 40 }, (_, key) => ({ key }))
const toggles = fc.array(fc.constantFrom(...items), { maxLength: 120, size: "max" })

test("a bag has what was put in and not taken out, whatever form it has", () => {
  fc.assert(
    fc.property(toggles, (all) => {
      let bag: Bag<Item> = null
      const expected = new Set<Item>()
      for (const item of all) {
        bag = expected.has(item) ? withoutItem(bag, item) : withItem(bag, item)
        if (!expected.delete(item)) expected.add(item)
        const visited: Item[] = []
        visitItems(bag, (each) => visited.push(each))
        expect(new Set(itemsOf(bag))).toEqual(expected)
        expect(visited).toHaveLength(expected.size)
        expect(sizeOf(bag)).toBe(expected.size)
        expect(hasItem(bag, item)).toBe(expected.has(item))
        expect(sizeOf(withoutItem(bag, { key: item.key }))).toBe(expected.size)
      }
    }),
  )
})

test("items are found by their keys, whatever form their collection has", () => {
  fc.assert(
    fc.property(toggles, (all) => {
      let collection: ByKey<number, Item> = null
      const expected = new Map<number, Item>()
      for (const item of all) {
        collection = expected.has(item.key) ? withoutKey(collection, item) : withKey(collection, item)
        if (!expected.delete(item.key)) expected.set(item.key, item)
        expect(new Set(itemsOf(collection))).toEqual(new Set(expected.values()))
        expect(sizeOf(collection)).toBe(expected.size)
        for (const { key } of items) expect(findKey(collection, key)).toBe(expected.get(key))
      }
    }),
  )
})

test("an item of a positioned list is taken out wherever it is", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 120 }), (all) => {
      const placed = Array.from({ length: 41 }, (_, key) => ({ key, place: 0 }))
      let list: { readonly key: number; place: number }[] = []
      const expected = new Set<number>()
      for (const n of all) {
        const item = placed[n]
        if (item === undefined) continue
        if (expected.delete(n)) take(list, item, "place")
        else {
          expected.add(n)
          list = put(list, item, "place")
        }
        expect(list.map(({ key }) => key).sort(ascending)).toEqual([...expected].sort(ascending))
        expect(list.every(({ place }, at) => place === at)).toBe(true)
      }
    }),
  )
})

function ascending(a: number, b: number): number {
  return a - b
}
