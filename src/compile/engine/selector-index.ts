// Selectors, found by the labels they hold without trying every one.
//
// A selector is kept under one anchor: the values of its narrowest `in` requirement, else the key of an
// `exists` requirement; without either it is loose. Labels then meet only the selectors anchored at one of
// their pairs or keys, and the loose ones. A few selectors are not worth an anchor and all stay loose.

import { type Selector, selects } from "../selector.ts"
import type { Labels } from "../snapshot.ts"
import { type Bag, NONE, sizeOf, withItem, withoutItem } from "./bag.ts"
import {
  addToBucket,
  type Buckets,
  bucketsOf,
  dropFromBucket,
  dropFromPair,
  type PairBuckets,
} from "./buckets.ts"

const FEW = 16

export interface Selecting {
  readonly selector: Selector
}

export interface SelectorIndex<T extends Selecting> {
  loose: Bag<T>
  anchors: Anchors<T> | null
}

interface Anchors<T> {
  readonly pairs: PairBuckets<T>
  readonly keys: Buckets<T>
}

export function createSelectorIndex<T extends Selecting>(): SelectorIndex<T> {
  return { loose: NONE, anchors: null }
}

export function addSelector<T extends Selecting>(index: SelectorIndex<T>, item: T): void {
  if (index.anchors === null && sizeOf(index.loose) < FEW) {
    index.loose = withItem(index.loose, item)
    return
  }
  if (index.anchors === null) {
    const few = index.loose
    index.loose = NONE
    index.anchors = { pairs: new Map(), keys: new Map() }
    for (const each of few) anchor(index, index.anchors, each)
  }
  anchor(index, index.anchors, item)
}

export function removeSelector<T extends Selecting>(index: SelectorIndex<T>, item: T): void {
  index.loose = withoutItem(index.loose, item)
  if (index.anchors === null) return
  const { pairs, keys } = index.anchors
  const at = anchorOf(item.selector)
  for (const value of at?.values ?? []) dropFromPair(pairs, [at?.key ?? "", value], item)
  if (at?.values === null) dropFromBucket(keys, at.key, item)
}

/** Visits every item whose selector holds `labels`, once. */
export function visitHolding<T extends Selecting>(
  index: SelectorIndex<T>,
  labels: Labels,
  visit: (item: T) => void,
): void {
  visitSelecting(index.loose, labels, visit)
  if (index.anchors === null) return
  const { pairs, keys } = index.anchors
  for (const [key, value] of Object.entries(labels)) {
    const byPair = pairs.get(key)?.get(value)
    if (byPair !== undefined) visitSelecting(byPair, labels, visit)
    const byKey = keys.get(key)
    if (byKey !== undefined) visitSelecting(byKey, labels, visit)
  }
}

function visitSelecting<T extends Selecting>(items: Bag<T>, labels: Labels, visit: (item: T) => void): void {
  for (const item of items) if (selects(item.selector, labels)) visit(item)
}

function anchor<T extends Selecting>(index: SelectorIndex<T>, { pairs, keys }: Anchors<T>, item: T): void {
  const at = anchorOf(item.selector)
  if (at === null) index.loose = withItem(index.loose, item)
  else if (at.values === null) addToBucket(keys, at.key, item)
  else {
    const buckets = bucketsOf(pairs, at.key)
    for (const value of at.values) addToBucket(buckets, value, item)
  }
}

interface Anchor {
  readonly key: string
  /** Null where any value will do. */
  readonly values: ReadonlySet<string> | null
}

function anchorOf(selector: Selector): Anchor | null {
  let best: Anchor | null = null
  for (const requirement of selector) {
    if (requirement.op === "exists") best ??= { key: requirement.key, values: null }
    else if (requirement.op === "in" && requirement.values.size < (best?.values?.size ?? Infinity))
      best = requirement
  }
  return best
}
