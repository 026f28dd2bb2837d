// Labelled things, found by a selector without trying every one.

import { type Requirement, type Selector, selects } from "../selector.ts"
import type { Labels } from "../snapshot.ts"
import { type Bag, type ByKey, itemsOf, type Keyed, sizeOf, withKey, withoutKey } from "./bag.ts"
import { addToBucket, bucketsOf, dropFromPair, type PairBuckets } from "./buckets.ts"

const FEW = 16

export interface Labelled {
  readonly labels: Labels
}

export interface LabelledItems<K, T extends Labelled & Keyed<K>> {
  items: ByKey<K, T>
  /** Made when many items are searched for the first time, and kept up from then on. */
  index: LabelIndex<T> | null
}

export type LabelIndex<T extends object> = PairBuckets<T>

export function createLabelledItems<K, T extends Labelled & Keyed<K>>(): LabelledItems<K, T> {
  return { items: null, index: null }
}

export function addItem<K, T extends Labelled & Keyed<K>>(within: LabelledItems<K, T>, item: T): void {
  within.items = withKey(within.items, item)
  if (within.index !== null) addLabelled(within.index, item)
}

export function removeItem<K, T extends Labelled & Keyed<K>>(within: LabelledItems<K, T>, item: T): void {
  within.items = withoutKey(within.items, item)
  if (within.index !== null) removeLabelled(within.index, item)
}

export function createLabelIndex<T extends Labelled>(items: Iterable<T>): LabelIndex<T> {
  const index: LabelIndex<T> = new Map()
  for (const item of items) addLabelled(index, item)
  return index
}

export function addLabelled<T extends Labelled>(index: LabelIndex<T>, item: T): void {
  for (const [key, value] of Object.entries(item.labels)) addToBucket(bucketsOf(index, key), value, item)
}

export function removeLabelled<T extends Labelled>(index: LabelIndex<T>, item: T): void {
  for (const pair of Object.entries(item.labels)) dropFromPair(index, pair, item)
}

/** Visits every item that `selector` holds, once. */
export function visitHeld<K, T extends Labelled & Keyed<K>>(
  within: LabelledItems<K, T>,
  selector: Selector,
  visit: (item: T) => void,
): void {
  const { items } = within
  if (within.index === null && sizeOf(items) > FEW) within.index = createLabelIndex(itemsOf(items))
  if (within.index !== null && isAnchored(selector)) visitIndexed(within.index, selector, visit)
  else for (const item of itemsOf(items)) if (selects(selector, item.labels)) visit(item)
}

/** Whether the index can find what a selector holds: some requirement names a key that must be there. */
export function isAnchored(selector: Selector): boolean {
  return selector.some(isPositive)
}

/** As visitHeld, for a selector that is anchored. */
export function visitIndexed<T extends Labelled>(
  index: LabelIndex<T>,
  selector: Selector,
  visit: (item: T) => void,
): void {
  let fewest: readonly Bag<T>[] = []
  let size = Infinity
  for (const requirement of selector.filter(isPositive)) {
    const buckets = bucketsHeld(index, requirement)
    const total = buckets.reduce((sum, bucket) => sum + sizeOf(bucket), 0)
    if (total < size) [fewest, size] = [buckets, total]
  }
  for (const bucket of fewest) {
    for (const item of itemsOf(bucket)) if (selects(selector, item.labels)) visit(item)
  }
}

function isPositive(requirement: Requirement): boolean {
  return requirement.op === "in" || requirement.op === "exists"
}

function bucketsHeld<T extends object>(index: LabelIndex<T>, requirement: Requirement): readonly Bag<T>[] {
  const byValue = index.get(requirement.key)
  if (byValue === undefined) return []
  if (requirement.op !== "in") return [...byValue.values()]
  return Array.from(requirement.values, (value) => byValue.get(value) ?? null)
}
